#!/usr/bin/env bash
# Installs what the tests need, builds, and runs every test: the release build first, then the unit tests and the one-rank
# program under AddressSanitizer and UndefinedBehaviorSanitizer, then the service's threads under ThreadSanitizer, then
# the linters. In CI a skipped test is a failure.
#   tests/run.sh [release|dev|tsan|lint]...   all four without an argument
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=cluster/packages.sh
source cluster/packages.sh

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(release dev tsan lint)

say "Packages"
install_missing "${build_packages[@]}" ccache chromium chromium-driver clang-format clang-tidy gzip haproxy \
  libgmock-dev libgtest-dev prometheus python3-h5py python3-numpy python3-selenium shellcheck
open_mpi_on_one_host

# ctest, failing in CI when a test was skipped that should have run.
run_ctest() {
  local log
  log=$(mktemp)
  ctest "$@" --output-on-failure --no-tests=error | tee "$log"
  if [ "${CI:-}" = true ] && grep -q 'Skipped' "$log"; then
    echo "A test was skipped; in CI all of them run." >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

for part in "${parts[@]}"; do
  case $part in
    release)
      say "Release build and all tests"
      cmake --preset release >/dev/null
      cmake --build build/release
      run_ctest --test-dir build/release -j 2
      ;;
    dev)
      say "Build with AddressSanitizer and UndefinedBehaviorSanitizer; unit tests and the one-rank program"
      cmake --preset dev >/dev/null
      cmake --build build/dev --target alsace core_tests io_tests mpi_tests
      run_ctest --test-dir build/dev -j 2 -LE several_ranks
      ;;
    tsan)
      say "Build with ThreadSanitizer; the threads of the service"
      cmake --preset tsan >/dev/null
      cmake --build build/tsan --target alsace io_tests
      run_ctest --test-dir build/tsan -j 2 -L threads
      ;;
    lint)
      say "Linters"
      tests/lint.sh
      ;;
    *)
      echo "tests/run.sh: $part: expected release, dev, tsan or lint" >&2
      exit 2
      ;;
  esac
done
