#!/usr/bin/env bash
#
# dns.sh [-r REPEATS] [-s SECONDS] [-l HELD]... [-L] [btmm|bind|knot]... - the zone service beside BIND 9 and Knot DNS.
#
# In the lab's namespaces, over veth: the name server is pinned to core 0 and has one UDP worker, dnsperf runs on core 1. The
# servers take turns, REPEATS times (3), each begun anew with the same 10,000 records, in a zone that anybody may read and one
# key may change (no limit on answers, as the others have none by default); what is printed are medians:
#   queries/s     dnsperf over UDP for SECONDS (10) seconds, after a warm-up, with microseconds of the server's user and system
#                 time for each query: on a machine where others work, that is the steadier figure
#   updates/s     dnsperf -u: TSIG-signed (hmac-sha256) updates, each replacing one record set, 100 outstanding, onto the disk
#   update alone  the same with 1 outstanding: milliseconds until it is answered
# and what btmm-bench llq says of HELD long-lived queries (-l, 1000 10000 100000 unless given; -L leaves them out).
# Prints a table and ends with one line of JSON. Installs what it needs, removes what it made; root.
set -euo pipefail
cd "$(dirname "$0")/../.."
repeats=3 seconds=10 held=() with_llq=1
while getopts r:s:l:L option; do
  case $option in
    r) repeats=$OPTARG ;;
    s) seconds=$OPTARG ;;
    l) held+=("$OPTARG") ;;
    L) with_llq= ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
servers=("$@")
((${#servers[@]})) || servers=(btmm bind knot)
lab=$PWD/tests/lab/lab.sh
daemon=$PWD/src/Btmm.Daemon/bin/Release/net10.0/btmmd
bench=$PWD/tests/Btmm.Benchmarks/bin/Release/net10.0/btmm-bench
domain=alice.members.example.net
address=203.0.113.53
hosts=3333   # with three records each
warm=5       # seconds before anything is measured

[[ $(id -u) -eq 0 ]] || { echo "dns.sh must be root" >&2; exit 1; }
"$lab" install core dns bench
for project in src/Btmm.Daemon tests/Btmm.Benchmarks; do
  dotnet build "$project" -c Release -v quiet -nologo -clp:ErrorsOnly >/dev/null
done

# On a disk, since the updates are to reach one.
work=$(mktemp -d /var/tmp/btmm-bench-dns.XXXXXX)
export LAB_PREFIX=bd$$- LAB_QUIET=1 LAB_STATE=$work/lab
export LAB_DNS_LOG=warning LAB_PIN="taskset -c 0" LAB_NAMED_ARGS="-n 1"
export LAB_KNOT_SERVER=$'    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1'
# shellcheck source=../lab/nodes.sh
source tests/lab/nodes.sh
trap 'trap - EXIT; finish_all; "$lab" down 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

client() { in_ns server taskset -c 1 "$@"; }
cpu() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }   # hundredths of a second
note() { printf '%s\n' "$2" >> "$work/$server.$1"; }                    # FIGURE VALUE
median() { sort -n "$work/$1.$2" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
measured() { awk -v what="$1" 'index($0, what ":") { sub(/.*: */, ""); print $1 + 0 }' "$work/out"; }

write_inputs() {
  awk -v n=$hosts -v d=$domain 'BEGIN {
    for (i = 1; i <= n; i++) {
      printf "update add h%d.%s 10 AAAA fdb7:6d6d:6163:1::%x\n", i, d, i
      printf "update add h%d.%s 10 A 203.0.113.%d\n", i, d, i % 250 + 1
      printf "update add _autotunnel._udp.h%d.%s 10 SRV 0 0 4500 h%d.%s\n", i, d, i, d
      if (i % 50 == 0 || i == n) print "send"
    } }' > "$work/fill"
  awk -v n=$hosts -v d=$domain 'BEGIN {
    for (i = 1; i <= n; i++) printf "h%d.%s AAAA\nh%d.%s A\n_autotunnel._udp.h%d.%s SRV\n", i, d, i, d, i, d }' > "$work/queries"
}
# write_updates ZONE LABELS: in dnsperf's form; names are relative to the zone.
write_updates() {
  awk -v zone="$1" -v below="$2" 'BEGIN {
    for (k = 1; k <= 50; k++) for (i = 1; i <= 1000; i++)
      printf "%s\ndelete h%d%s AAAA\nadd h%d%s 10 AAAA fdb7:6d6d:6163:1::%x:%x\nsend\n", zone, i, below, i, below, k, i }' > "$work/updates"
}

start_btmm() {
  "$daemon" account new --domain $domain --out "$work/account" --server $address >/dev/null
  local secret
  secret=$(grep -A 3 '"updateKey"' "$work/account" | member secret)
  [[ -n $secret ]] || secret=$(sed -n '/"updateKey"/,/}/s/.*"secret": *"\([^"]*\)".*/\1/p' "$work/account")
  key=btmm-key.$domain:$secret
  start dns btmm taskset -c 0 "$daemon" zone --account "$work/account" --listen $address --public --workers 1 --rate-limit 0 --store "$work/btmm.db" --json
  await 30 btmm zone-started
  pid=${pid_of[btmm]}
  write_updates $domain ""
  zone=$domain
}
stop_btmm() { finish btmm; rm -f "$work/account" "$work"/btmm.db*; }

start_peer() { # bind|knot
  "$lab" dns "$1"
  local tag=named
  [[ $1 = bind ]] || tag=knotd
  read -r pid _ < "$LAB_STATE/pid/$tag"
  key=alice-key:$("$lab" dns key | sed 's/.*secret "\([^"]*\)".*/\1/')
  zone=members.example.net
  write_updates $zone .alice
}

# queries SECONDS
queries() {
  client dnsperf -s $address -d "$work/queries" -l "$1" -c 10 -q 200 > "$work/out" 2>&1
}
# updates SECONDS OUTSTANDING CLIENTS: all must succeed.
updates() {
  client dnsperf -u -s $address -d "$work/updates" -l "$1" -c "$3" -q "$2" -y "hmac-sha256:$key" > "$work/out" 2>&1
  grep -q 'Response codes: *NOERROR [0-9]* (100.00%)' "$work/out" || { echo "$server refused updates:" >&2; cat "$work/out" >&2; exit 1; }
}

measure() {
  local before after
  { echo "server $address"; echo "zone $zone"; cat "$work/fill"; } > "$work/nsupdate"
  client nsupdate -y "hmac-sha256:$key" "$work/nsupdate"
  queries $warm
  before=$(cpu "$pid")
  queries "$seconds"
  after=$(cpu "$pid")
  note queries "$(measured 'Queries per second')"
  note query_cpu "$(awk -v t=$((after - before)) -v n="$(measured 'Queries completed')" 'BEGIN { printf "%.2f", t * 1e4 / n }')"
  note lost "$(measured 'Queries lost')"
  updates $warm 100 4
  before=$(cpu "$pid")
  updates "$seconds" 100 4
  after=$(cpu "$pid")
  note updates "$(measured 'Updates per second')"
  note update_cpu "$(awk -v t=$((after - before)) -v n="$(measured 'Updates completed')" 'BEGIN { printf "%.1f", t * 1e4 / n }')"
  updates 3 1 1
  note alone "$(awk '/Average Latency/ { printf "%.3f", $4 * 1000 }' "$work/out")"
  note rss "$(awk '/^VmRSS/ { printf "%.0f", $2 / 1024 }' "/proc/$pid/status")"
}

"$lab" up
write_inputs
for ((repeat = 1; repeat <= repeats; repeat++)); do
  for server in "${servers[@]}"; do
    if [[ $server = btmm ]]; then start_btmm; else start_peer "$server"; fi
    measure
    if [[ $server = btmm ]]; then stop_btmm; else "$lab" dns stop; fi
    printf '# %d %-5s %8.0f queries/s %6.2f us CPU each, %6.0f updates/s %6.1f us, alone %6.3f ms (load %s)\n' "$repeat" "$server" \
      "$(tail -n 1 "$work/$server.queries")" "$(tail -n 1 "$work/$server.query_cpu")" "$(tail -n 1 "$work/$server.updates")" \
      "$(tail -n 1 "$work/$server.update_cpu")" "$(tail -n 1 "$work/$server.alone")" "$(cut -d' ' -f1 /proc/loadavg)" >&2
  done
done

llq=null
if [[ $with_llq ]]; then
  "$bench" llq "${held[@]}" | tee "$work/llq" >&2
  llq=$(tail -n 1 "$work/llq")
fi

# object FIGURE FORMAT: {"btmm":…,…}
object() {
  local server separator=
  printf '{'
  for server in "${servers[@]}"; do
    printf '%s"%s":'"$2" "$separator" "$server" "$(median "$server" "$1")"
    separator=,
  done
  printf '}'
}

printf '\nmedians of %d runs, %d s each; one UDP worker on one pinned core, 10,000 records\n' "$repeats" "$seconds"
printf '%-6s %10s %9s %6s %10s %9s %9s %8s\n' server queries/s 'CPU us' lost updates/s 'CPU us' 'alone ms' 'RSS MiB'
for server in "${servers[@]}"; do
  printf '%-6s %10.0f %9.2f %6.0f %10.0f %9.1f %9.3f %8.0f\n' "$server" "$(median "$server" queries)" "$(median "$server" query_cpu)" \
    "$(median "$server" lost)" "$(median "$server" updates)" "$(median "$server" update_cpu)" "$(median "$server" alone)" "$(median "$server" rss)"
done
printf '{"queries_per_s":%s,"updates_per_s":%s,"update_alone_ms":%s,"llq":%s,"query_cpu_us":%s,"update_cpu_us":%s,"rss_mib":%s}\n' \
  "$(object queries %.0f)" "$(object updates %.0f)" "$(object alone %.3f)" "$llq" "$(object query_cpu %.2f)" "$(object update_cpu %.1f)" "$(object rss %.0f)"
