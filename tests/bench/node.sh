#!/usr/bin/env bash
#
# node.sh [REPEATS] - what a node costs: seconds from its start to each stage and to the first answered ping, and the
# resident memory of an idle node with one tunnel. Two hosts behind two NATs, in the lab; root. Prints a table of the
# medians and ends with one line of JSON.
set -euo pipefail
cd "$(dirname "$0")/../.."
repeats=${1:-5}
lab=$PWD/tests/lab/lab.sh
daemon=$PWD/src/Btmm.Daemon/bin/Release/net10.0/btmmd
domain=alice.members.example.net
idle=20   # seconds of rest before memory is read

[[ $(id -u) -eq 0 ]] || { echo "node.sh must be root" >&2; exit 1; }
"$lab" install core
dotnet build src/Btmm.Daemon -c Release -v quiet -nologo -clp:ErrorsOnly >/dev/null

export LAB_PREFIX=bn$$- LAB_QUIET=1
work=$(mktemp -d)
# shellcheck source=../lab/nodes.sh
source tests/lab/nodes.sh
trap 'trap - EXIT; finish_all; "$lab" down 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

median() { sort -n "$work/$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
memory() { awk '/^VmRSS/ { printf "%.1f\n", $2 / 1024 }' "/proc/$1/status"; }   # MiB

"$lab" up
make_account $domain 203.0.113.53 studio laptop
start_zone studio --rate-limit 0   # the loop of pings asks it for the name more often than one network may
await 30 zone zone-started
start_node studio
await 30 studio published

# The laptop is started again and again, as a new process each time.
for ((i = 1; i <= repeats; i++)); do
  before=$(now)
  start_node laptop
  await_ping 30 laptop "studio.$domain"
  echo $(($(now) - before)) >> "$work/ping"
  for stage in mapping-ready published tunnel-up; do
    await 30 laptop $stage
    elapsed laptop $stage >> "$work/$stage"
  done
  if ((i < repeats)); then finish laptop; fi
done
sleep $idle
memory "${pid_of[laptop]}" > "$work/memory"

cat <<TABLE

medians of $repeats starts of a node behind a NAT
  mapping ready                  $(median mapping-ready) s
  records published              $(median published) s
  tunnel up                      $(median tunnel-up) s
  process start to first ping    $(median ping) ms
  idle node, one tunnel, RSS     $(median memory) MiB
TABLE
printf '{"mapping_s":%s,"published_s":%s,"tunnel_s":%s,"first_ping_ms":%s,"idle_rss_mib":%s}\n' \
  "$(median mapping-ready)" "$(median published)" "$(median tunnel-up)" "$(median ping)" "$(median memory)"
