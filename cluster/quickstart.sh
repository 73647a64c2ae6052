#!/usr/bin/env bash
# From nothing to a running service: installs what is missing, builds, runs the main job on bundled real data
# (MovieTweetings, 68,055 ratings), and asks the scoring service for one list. Writes to build/ in this checkout only; safe to run twice.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=cluster/packages.sh
source cluster/packages.sh

say "Packages"
install_missing "${build_packages[@]}" curl

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

say "Serve it from 2 ranks, ask for one list, and end the service"
serve=(mpirun -np 2 --bind-to none "$alsace" serve --model model --item-info "$data/items.csv" --listen 127.0.0.1:0)
printf '\n$ %s &\n' "${serve[*]}"
"${serve[@]}" 2>serve.log &
service=$!
trap 'kill "$service" 2>/dev/null || true' EXIT
# Waits up to a minute for the service, and sets `address`.
ready() {
  for _ in $(seq 600); do
    address=$(sed -n 's|.*listening on \(http://[^ ]*\).*|\1|p' serve.log)
    [ -n "$address" ] && curl -sf "$address/readyz" >/dev/null && return
    kill -0 "$service" 2>/dev/null || break
    sleep 0.1
  done
  cat serve.log >&2
  return 1
}
ready
ask="$address/v1/users/42/recommendations?k=5&filter=genres:Comedy"
printf '$ curl %s\n' "'$ask'"
curl -sf "$ask" | sed 's/{"item"/\n  &/g'
printf '\n'
kill "$service"
wait "$service" || true  # mpirun that is signalled returns 1 whatever the ranks say

say "Done. The model is in $out/model. Look at it: $alsace inspect $out/model
Serve it, with a page for people at http://127.0.0.1:8080: $alsace serve --model $out/model --item-info $data/items.csv"
