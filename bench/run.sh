#!/usr/bin/env bash
# Every figure of README.md's section on time and memory, measured here: all benches, or those named, into one folder of
# JSON files and text tables, the machine's limits first. Some 30 minutes; nothing else should run meanwhile. What each
# bench measures is in bench/README.md.
#   bench/run.sh [quick] [NAME]...      NAMEs: limits half_sweep solve gramian top_k top_k_ranks exchange scaling
#                                       import checkpoint quality large recommend; and, only when
#                                       named, serve reload
#   quick: tiny sizes, one round: sees in two minutes that every bench runs and verifies what it computes
# BUILD: the build directory (build/release); OUT: the folder (bench-results/TIME); DIRECTORY: where files are written (OUT)
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=cluster/packages.sh
source cluster/packages.sh
open_mpi_on_one_host

quick=()
if [ "${1:-}" = quick ]; then
  quick=(--quick)
  shift
fi
build=${BUILD:-build/release}
out=${OUT:-bench-results/$(date -u +%Y%m%dT%H%M%SZ)}
names=("$@")
[ ${#names[@]} -gt 0 ] || names=(limits half_sweep solve gramian top_k top_k_ranks exchange scaling
  import checkpoint quality large recommend)
mkdir -p "$out"
directory=$(realpath "${DIRECTORY:-$out}")
export ALSACE=${ALSACE:-$build/alsace}
[ -x "$ALSACE" ] || { echo "$ALSACE is not there: cmake --preset release && cmake --build build/release" >&2; exit 2; }

# run NAME COMMAND...: its table to stdout and NAME.txt, its figures to NAME.json, its progress to NAME.log.
failed=()
run() {
  local name=$1
  shift
  say "$name"
  local begin=$SECONDS
  "$@" --json "$out/$name.json" 2>"$out/$name.log" | tee "$out/$name.txt" || {
    failed+=("$name")
    tail -n 20 "$out/$name.log" >&2
  }
  echo "  ($name took $((SECONDS - begin)) s)"
}
ranks() { mpirun --oversubscribe --bind-to none -np "$@"; }

for name in "${names[@]}"; do
  case $name in
    limits) run limits "$build/bench/limits" --directory "$directory" "${quick[@]}" ;;
    half_sweep | solve | gramian | top_k | quality) run "$name" "$build/bench/$name" "${quick[@]}" ;;
    top_k_ranks)
      run top_k_2_ranks ranks 2 "$build/bench/top_k_ranks" "${quick[@]}"
      run top_k_4_ranks ranks 4 "$build/bench/top_k_ranks" --rounds 1 "${quick[@]}" # for its counts
      ;;
    exchange | scaling) run "$name" ranks 2 "$build/bench/$name" "${quick[@]}" ;;
    checkpoint) run checkpoint "$build/bench/checkpoint" --directory "$directory" "${quick[@]}" ;;
    import) run import bench/import.py --directory "$directory" "${quick[@]}" ;;
    large) run large bench/large.sh --directory "$directory" "${quick[@]}" ;;
    serve) run serve bench/serve.sh ;;
    recommend) run recommend bench/recommend.sh --directory "$directory" "${quick[@]}" ;;
    reload) bench/reload.sh | tee "$out/reload.txt" ;;
    *)
      echo "bench = $name, expected one of those that bench/run.sh names" >&2
      exit 2
      ;;
  esac
done

say "all figures are in $out"
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
