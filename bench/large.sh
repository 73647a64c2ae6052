#!/usr/bin/env bash
# 1,000,000 x 200,000 x 100,000,000 interactions through synth, import and training on 1 and on 2 ranks: seconds a sweep,
# and the peak memory of a rank beside what `alsace plan` said and beside the least that the data take. Some 5 minutes and
# 6 GB of disk.
#   bench/large.sh [--factors 64] [--sweeps 3] [--directory DIR] [--json FILE] [--quick]
# ALSACE: the program (build/release/alsace).
set -euo pipefail
exec python3 "$(dirname "$0")/large.py" "$@"
