#!/usr/bin/env bash
# From nothing to recommendations: installs what is missing, builds, and runs the main job on bundled real data
# (MovieTweetings, 68,055 ratings). Writes to build/ in this checkout only; safe to run twice.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=cluster/packages.sh
source cluster/packages.sh

say "Packages"
install_missing "${build_packages[@]}"

say "Build (build/release)"
cmake -S . -B build/release -G Ninja -DCMAKE_BUILD_TYPE=Release -DALSACE_BUILD_TESTS=OFF >/dev/null
cmake --build build/release --target alsace
alsace=$PWD/build/release/alsace
open_mpi_on_one_host

data=$PWD/tests/data/movietweetings
out=$PWD/build/quickstart
rm -rf "$out"
mkdir -p "$out"
cd "$out"

# Shows a command and runs it, its log at warnings so that results stand out.
run() {
  printf '\n$ %s\n' "$*"
  ALSACE_LOG_LEVEL=${log_level:-warn} "$@" 2>&1
}

say "Import the ratings, and hold out a fifth of every user's for the test"
run "$alsace" import "$data/ratings.csv" --out ratings
run "$alsace" split ratings --out parts --by user-random --test 0.2

say "Train on 2 ranks (options left at their defaults are not shown)"
log_level=info run mpirun -np 2 --bind-to none "$alsace" train parts/train --model model \
  --objective ials --factors 64 --unobserved-weight 0.3 --regularization 0.01 --sweeps 15 |
  grep -v '(default)$'

say "Evaluate beside the popular list"
run mpirun -np 2 --bind-to none "$alsace" evaluate --model model --test parts/test

say "Restore the checkpoint on 3 ranks and recommend"
run mpirun -np 3 --bind-to none "$alsace" recommend --model model --users 7,42,1000 --k 5 \
  --item-info "$data/items.csv" --format table

say "Done. The model is in $out/model; look at it with: $alsace inspect $out/model"
