#!/usr/bin/env bash
# Fuzzes how requests are read and answered: libFuzzer with ASan and UBSan.
#   tests/fuzz/run.sh [SECONDS] [http|json]     default: 60 seconds of each
# A finding is left in build/fuzz as crash-…, leak-…, oom-… or timeout-… and ends the run with 1. What a run has found
# to be new stays in build/fuzz/corpus; tests/data/fuzz has the inputs that every test run replays.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-60}
targets=${2:-json http}
out=build/fuzz
compiler=$(command -v clang++-14 || command -v clang++) || {
  echo "clang++ is needed" >&2
  exit 2
}

build() { # TARGET SOURCE...
  local target=$1 log_flags
  shift
  echo "building $target"
  read -ra log_flags < <(pkg-config --cflags spdlog)
  "$compiler" -std=c++20 -O1 -g -fno-omit-frame-pointer "-fsanitize=fuzzer,address,undefined" \
    -fno-sanitize-recover=all -I. -isystem /usr/include/eigen3 -DEIGEN_DONT_PARALLELIZE -DEIGEN_MPL2_ONLY \
    "${log_flags[@]}" "tests/fuzz/${target}_fuzz.cpp" "$@" -lprometheus-cpp-core -lspdlog -lfmt -lpthread \
    -o "$out/$target"
}

build_json() {
  build json io/service/{parse_body,parse_parameters,request_builder}.cpp io/http/target.cpp io/text.cpp \
    src/data/id_order.cpp src/error.cpp
}

build_http() {
  build http io/service/*.cpp io/http/{target,request_parser,message,bearer_token}.cpp io/text.cpp \
    io/export/{recommendation_writer,csv,output_file}.cpp io/store/{config_json,atomic_publish}.cpp \
    src/als/config.cpp src/data/{id_order,sorted_ids}.cpp src/error.cpp
}

fuzz() { # TARGET
  local target=$1
  mkdir -p "$out/corpus/$target"
  echo "fuzzing $target for $seconds s"
  # The libraries are not instrumented: what they put into a std::vector looks like an overflow of its container.
  ASAN_OPTIONS=detect_container_overflow=0 UBSAN_OPTIONS=print_stacktrace=1 \
    "$out/$target" -max_total_time="$seconds" -max_len=8192 -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 \
    -dict="tests/fuzz/$target.dict" -artifact_prefix="$out/" "$out/corpus/$target" "tests/data/fuzz/$target" \
    2>"$out/$target.log" || {
    tail -n 60 "$out/$target.log" >&2
    return 1
  }
  awk -v target="$target" '/number_of_executed_units/ {runs = $2} /new_units_added/ {new = $2} /peak_rss_mb/ {rss = $2}
    END {printf "%s: %d runs, %d new inputs, %d MB at most, nothing found\n", target, runs, new, rss}' "$out/$target.log"
}

mkdir -p "$out"
for target in $targets; do "build_$target"; done
for target in $targets; do fuzz "$target"; done
