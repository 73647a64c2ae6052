#!/usr/bin/env bash
# Import and training of 20,000,000 made-up interactions (138,493 x 26,744, the shape of MovieLens 20M) on 1 and on 2 ranks:
# the end-of-run tables, and the peak memory of a rank beside that of one rank alone.
#   bench/twenty_million.sh [FACTORS=64] [SWEEPS=3]      ALSACE=build/release/alsace
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=cluster/packages.sh
source cluster/packages.sh
open_mpi_on_one_host
alsace=$(realpath "${ALSACE:-build/release/alsace}")
factors=${1:-64}
sweeps=${2:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

grep -m1 'model name' /proc/cpuinfo
say "synth"
mpirun -np 2 --bind-to none "$alsace" synth --users 138493 --items 26744 --interactions 20000000 --seed 20 \
  --out interactions.csv --log-level warn
for ranks in 1 2; do
  say "import on $ranks rank(s)"
  mpirun -np "$ranks" --bind-to none bash -c 'TIMEFORMAT="wall %R s, user %U s"; time "$@"' _ \
    "$alsace" import interactions.csv --out "data-$ranks" --log-level warn
  say "train on $ranks rank(s), one thread each: $sweeps sweeps at $factors factors"
  mpirun -np "$ranks" --bind-to none "$alsace" train "data-$ranks" --model "model-$ranks" --factors "$factors" \
    --sweeps "$sweeps" --threads 1
  "$alsace" export --model "model-$ranks" --format npy --out "factors-$ranks" >/dev/null
done
cmp factors-1/user_factors.npy factors-2/user_factors.npy && cmp factors-1/item_factors.npy factors-2/item_factors.npy
say "the factors of 1 and 2 ranks have the same bits"
