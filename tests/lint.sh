#!/usr/bin/env bash
# Format, clang-tidy and shellcheck. Nothing is changed; the first kind of finding does not hide the next.
#   tests/lint.sh [FILE.cpp]...   clang-tidy reads the files given, or all of src, io and mpi, which takes minutes
# BUILD: a configured build directory (build/release). JOBS: clang-tidy processes (2).
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/release}
jobs=${JOBS:-2}
failed=0

mapfile -t sources < <(git ls-files '*.cpp' '*.hpp')
echo "clang-format: ${#sources[@]} files"
clang-format --dry-run -Werror "${sources[@]}" || failed=1

mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
echo "shellcheck: ${#scripts[@]} scripts"
shellcheck -x "${scripts[@]}" || failed=1

[ -f "$build/compile_commands.json" ] || cmake --preset release -B "$build" >/dev/null
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files 'src/*.cpp' 'io/*.cpp' 'mpi/*.cpp')
tests/clang_tidy.py "$build" "$jobs" "${files[@]}" || failed=1

[ "$failed" -eq 0 ] && echo "No findings."
exit "$failed"
