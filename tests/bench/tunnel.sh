#!/usr/bin/env bash
# Measures Btmm's packet path beside wireguard-go: one iperf3 TCP stream and pings between two network namespaces, the two
# tunnels taking turns in the same run. Prints a table and one line of JSON. Needs root, iperf3, wireguard-go, wg, ip, ping.
#
#   tests/bench/tunnel.sh [repeats] [seconds per stream] [options of btmm-bench tunnel ...]
set -euo pipefail

repeats=${1:-3}
seconds=${2:-5}
shift $(( $# > 2 ? 2 : $# ))
options=("$@")
mtu=1400
here=$(cd "$(dirname "$0")/../.." && pwd)
bench="$here/tests/Btmm.Benchmarks/bin/Release/net10.0/btmm-bench"
work=$(mktemp -d)
a=btmmbench-a-$$ b=btmmbench-b-$$
ula_a=fd00:b::a ula_b=fd00:b::b
pids=()

need() { command -v "$1" >/dev/null || { echo "tunnel.sh: $1 is missing" >&2; exit 3; }; }
[ "$(id -u)" = 0 ] && "$here/tests/lab/lab.sh" install bench
for tool in ip iperf3 wireguard-go wg ping; do need "$tool"; done
[ "$(id -u)" = 0 ] || { echo "tunnel.sh: root is needed" >&2; exit 3; }

stop_tunnel() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  pids=()
}

cleanup() {
  stop_tunnel
  ip netns del "$a" 2>/dev/null || true
  ip netns del "$b" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

dotnet build "$here/tests/Btmm.Benchmarks" -c Release -v q -nologo -clp:ErrorsOnly >"$work/build.log" || { cat "$work/build.log" >&2; exit 1; }

ip netns add "$a"
ip netns add "$b"
ip link add veth0 netns "$a" type veth peer name veth0 netns "$b"
ip -n "$a" addr add 10.199.0.1/24 dev veth0
ip -n "$b" addr add 10.199.0.2/24 dev veth0
for ns in "$a" "$b"; do ip -n "$ns" link set lo up; ip -n "$ns" link set veth0 up; done

address() { # ns interface own peer
  ip -n "$1" addr add "$3/128" dev "$2" nodad
  ip -n "$1" link set "$2" mtu $mtu up
  ip -n "$1" route add "$4/128" dev "$2"
}

await_link() { # ns interface
  for _ in $(seq 100); do ip -n "$1" link show "$2" >/dev/null 2>&1 && return; sleep 0.1; done
  echo "tunnel.sh: $2 did not come up" >&2
  cat "$work"/*.log >&2
  exit 1
}

start_btmm() {
  ip netns exec "$a" "$bench" tunnel tun0 $mtu 4001 $ula_a $ula_b 10.199.0.2:4002 "${options[@]}" >"$work/a.log" 2>&1 &
  pids+=($!)
  ip netns exec "$b" "$bench" tunnel tun0 $mtu 4002 $ula_b $ula_a 10.199.0.1:4001 "${options[@]}" >"$work/b.log" 2>&1 &
  pids+=($!)
  await_link "$a" tun0
  await_link "$b" tun0
}

start_wireguard() {
  for side in a b; do (umask 077; wg genkey >"$work/$side.key"); wg pubkey <"$work/$side.key" >"$work/$side.pub"; done
  # Foreground, so that its pid is ours; the control sockets carry the interface's name, so the names differ.
  ip netns exec "$a" env LOG_LEVEL=error wireguard-go -f "wgba$$" >"$work/a.log" 2>&1 &
  pids+=($!)
  ip netns exec "$b" env LOG_LEVEL=error wireguard-go -f "wgbb$$" >"$work/b.log" 2>&1 &
  pids+=($!)
  await_link "$a" "wgba$$"
  await_link "$b" "wgbb$$"
  sleep 0.5
  ip netns exec "$a" wg set "wgba$$" listen-port 4001 private-key "$work/a.key" \
    peer "$(cat "$work/b.pub")" endpoint 10.199.0.2:4002 allowed-ips $ula_b/128
  ip netns exec "$b" wg set "wgbb$$" listen-port 4002 private-key "$work/b.key" \
    peer "$(cat "$work/a.pub")" endpoint 10.199.0.1:4001 allowed-ips $ula_a/128
}

measure() { # name
  ip netns exec "$b" timeout $((seconds + 20)) iperf3 -s -1 -B $ula_b >/dev/null 2>&1 &
  local server=$!
  ip netns exec "$a" ping -6 -c 3 -i 0.2 -W 5 $ula_b >/dev/null || true
  ip netns exec "$a" ping -6 -c 200 -i 0.01 -W 2 $ula_b >"$work/ping"
  # A second of warm-up (-O) lets the just-in-time compiler finish.
  ip netns exec "$a" timeout $((seconds + 15)) iperf3 -c $ula_b -t "$seconds" -O 1 -J >"$work/iperf" \
    || { echo "tunnel.sh: iperf3 failed through $1" >&2; cat "$work/iperf" "$work"/*.log >&2; exit 1; }
  wait "$server" || true
  local mbits p50
  mbits=$(grep -A8 '"sum_received"' "$work/iperf" | awk -F'[:,]' '/bits_per_second/ { printf "%.0f", $2 / 1e6; exit }')
  p50=$(sed -n 's/.*time=\([0-9.]*\) ms.*/\1/p' "$work/ping" | sort -n | awk '{ v[NR] = $1 } END { printf "%.0f", v[int((NR + 1) / 2)] * 1000 }')
  echo "$mbits $p50" >>"$work/$1.results"
  printf '%-14s %10s %14s\n' "$1" "$mbits" "$p50"
}

median() { # name column
  awk -v c="$2" '{ print $c }' "$work/$1.results" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

printf '%-14s %10s %14s\n' tunnel Mbit/s 'ping p50 (us)'
for _ in $(seq "$repeats"); do
  start_btmm
  address "$a" tun0 $ula_a $ula_b
  address "$b" tun0 $ula_b $ula_a
  measure btmm
  stop_tunnel
  start_wireguard
  address "$a" "wgba$$" $ula_a $ula_b
  address "$b" "wgbb$$" $ula_b $ula_a
  measure wireguard-go
  stop_tunnel
done

ours=$(median btmm 1) theirs=$(median wireguard-go 1)
ratio=$(awk -v o="$ours" -v t="$theirs" 'BEGIN { printf "%.2f", o / t }')
printf '%-14s %10s %14s\n' 'median btmm' "$ours" "$(median btmm 2)"
printf '%-14s %10s %14s\n' 'median wg-go' "$theirs" "$(median wireguard-go 2)"
printf 'ratio %s\n' "$ratio"
printf '{"mtu":%d,"repeats":%d,"seconds":%d,"btmm_mbits":%s,"wireguard_go_mbits":%s,"ratio":%s,"btmm_ping_us":%s,"wireguard_go_ping_us":%s}\n' \
  $mtu "$repeats" "$seconds" "$ours" "$theirs" "$ratio" "$(median btmm 2)" "$(median wireguard-go 2)"
