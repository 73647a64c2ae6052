#!/usr/bin/env bash
# Kills training runs at many instants, most of them while a checkpoint is written, and resumes each: minutes long.
#   tests/kill.sh [INSTANTS]   90 without an argument
# PROGRAM: the program (build/release/alsace).
set -euo pipefail
cd "$(dirname "$0")/.."
export KILL_INSTANTS=${1:-90}
exec tests/program/kill_test.py "${PROGRAM:-build/release/alsace}" tests/data
