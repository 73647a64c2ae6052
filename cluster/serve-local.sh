#!/usr/bin/env bash
# Two groups of two ranks on this machine with HAProxy in front, until ctrl-C or TERM ends them all.
#   cluster/serve-local.sh MODEL [ITEM_INFO.csv]
# ALSACE: the program (build/release/alsace). RANKS: of each group (2). PROXY_LISTEN, GROUP_1, GROUP_2, PROXY_STATS:
# where everything listens, as in cluster/haproxy.cfg. LOGS: a folder for the logs (a new one in /tmp).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cluster/packages.sh
source "$here/packages.sh"

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  echo "usage: cluster/serve-local.sh MODEL [ITEM_INFO.csv]" >&2
  exit 2
fi
model=$1
item_info=(${2:+--item-info "$2"})
alsace=$(realpath -e "${ALSACE:-$here/../build/release/alsace}")
export PROXY_LISTEN=${PROXY_LISTEN:-127.0.0.1:8080} PROXY_STATS=${PROXY_STATS:-127.0.0.1:8404}
export GROUP_1=${GROUP_1:-127.0.0.1:8081} GROUP_2=${GROUP_2:-127.0.0.1:8082}

command -v haproxy >/dev/null || install_missing haproxy
open_mpi_on_one_host
logs=${LOGS:-$(mktemp -d -t alsace-serve-XXXXXX)}
mkdir -p "$logs"
# What mpirun keeps of a run, by default in a folder of all runs: one that ends there removes what another has just made.
sessions=$(mktemp -d -t alsace-sessions-XXXXXX)

groups=()
proxy=
# USR1 because mpirun passes it on at once: every rank answers what it has and ends. TERM would take a second longer; it
# is for a group that is still there after 5 s, whose ranks mpirun then kills.
# shellcheck disable=SC2317  # the trap calls it
end_all() {
  trap '' INT TERM
  echo "Ending the proxy and the groups."
  local running=(${proxy:+"$proxy"} "${groups[@]}") tenths
  [ ${#running[@]} -eq 0 ] || kill -USR1 "${running[@]}" 2>/dev/null || true
  for ((tenths = 0; tenths < 50; ++tenths)); do
    kill -0 "${running[@]}" 2>/dev/null || break
    sleep 0.1
  done
  kill -TERM "${running[@]}" 2>/dev/null || true
  wait
  rm -rf "$sessions"
}
trap end_all EXIT
trap 'exit 0' INT TERM

# Whether ADDRESS answers /readyz with 200.
ready() { # HOST:PORT
  local status=
  {
    exec 3<>"/dev/tcp/${1%:*}/${1##*:}" || return 1
    printf 'GET /readyz HTTP/1.1\r\nHost: alsace\r\nConnection: close\r\n\r\n' >&3
    read -r -t 2 _ status _ <&3 || true
    exec 3>&-
  } 2>/dev/null
  [ "$status" = 200 ]
}
# Waits until ADDRESS is ready; shows LOG and gives up when PROCESS ends before.
wait_until_ready() { # HOST:PORT PROCESS LOG
  until ready "$1"; do
    if ! kill -0 "$2" 2>/dev/null; then
      echo "$1 did not get ready; the end of $3:" >&2
      tail -n 20 "$3" >&2
      exit 1
    fi
    sleep 0.1
  done
}

# Each in a session of its own: a ctrl-C of the terminal is for this script alone, which ends them in order.
for number in 1 2; do
  address=GROUP_$number
  mkdir "$sessions/$number"
  OMPI_MCA_orte_tmpdir_base="$sessions/$number" setsid mpirun -np "${RANKS:-2}" --bind-to none \
    "$alsace" serve --model "$model" "${item_info[@]}" --listen "${!address}" </dev/null >"$logs/group-$number.log" 2>&1 &
  groups+=($!)
done
wait_until_ready "$GROUP_1" "${groups[0]}" "$logs/group-1.log"
wait_until_ready "$GROUP_2" "${groups[1]}" "$logs/group-2.log"
setsid haproxy -db -f "$here/haproxy.cfg" </dev/null >"$logs/proxy.log" 2>&1 &
proxy=$!
wait_until_ready "$PROXY_LISTEN" "$proxy" "$logs/proxy.log"

cat <<MESSAGE
Ready: two groups ($GROUP_1 and $GROUP_2) behind http://$PROXY_LISTEN
  a page for people     http://$PROXY_LISTEN/
  a user's list         curl 'http://$PROXY_LISTEN/v1/users/42/recommendations?k=5'
  a newer checkpoint    curl -X POST 'http://$GROUP_1/v1/admin/reload' and the same of $GROUP_2
  groups and requests   http://$PROXY_STATS/
  logs                  $logs
Ctrl-C ends all.
MESSAGE

# A group that ends is news, not the end: the proxy goes on with the other.
while [ ${#groups[@]} -gt 0 ]; do
  ended=
  wait -n -p ended "$proxy" "${groups[@]}" || true
  if [ "$ended" = "$proxy" ]; then
    proxy=
    echo "The proxy has ended; see $logs/proxy.log" >&2
    exit 1
  fi
  left=()
  for group in "${groups[@]}"; do [ "$group" = "$ended" ] || left+=("$group"); done
  groups=("${left[@]}")
  echo "A group has ended, ${#groups[@]} left; see $logs" >&2
done
exit 1
