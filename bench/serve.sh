#!/usr/bin/env bash
# Requests a second and latency of `alsace serve` at 1, 16, 64 and 256 connections on MovieTweetings and on 100,000 items x
# 64 factors, beside the same server with an answer that never changes: what the door costs, and what scoring costs. Then
# what ranks use when nobody asks, and the first answer after 5 s of that. Asks 127.0.0.1 only; takes some 5 minutes.
#   bench/serve.sh [--seconds 4] [--repeats 3] [--ranks 2] [--http-threads 1] [--json FILE]
# ALSACE: the program (build/release/alsace); CONSTANT: the server to compare with (build/release/bench/constant_service).
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=cluster/packages.sh
source cluster/packages.sh
install_missing python3 wrk
exec python3 bench/serve.py "$@"
