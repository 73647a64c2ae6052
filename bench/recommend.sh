#!/usr/bin/env bash
# `alsace recommend --users all` of 1,000,000 users x 100,000 items x 64 factors, 20 items each, seen ones left out, to
# CSV and HDF5, on one core, on two processors and on two ranks: users a second, beside the search alone on the same queries
# in the same rounds; and the peak memory with half as many users. Some 6 minutes and 4 GB of disk.
#   bench/recommend.sh [--rounds 3] [--directory DIR] [--models DIR] [--json FILE] [--quick]
# ALSACE: the program (build/release/alsace), with bench/search_alone beside it.
set -euo pipefail
exec python3 "$(dirname "$0")/recommend.py" "$@"
