#!/usr/bin/env bash
# A minute of wrk at 64 connections across 10 reloads: how many requests failed, whether every answer is the list that the
# model it names gives, and memory after each reload. Ends with 1 when a request failed or an answer was wrong.
#   bench/reload.sh [--seconds 60] [--reloads 10] [--ranks 3] [--connections 64]
# ALSACE: the program (build/release/alsace).
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=cluster/packages.sh
source cluster/packages.sh
install_missing python3 wrk
exec python3 bench/reload.py "$@"
