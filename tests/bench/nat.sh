#!/usr/bin/env bash
#
# nat.sh [REPEATS] - how soon a host has an endpoint: from a mapping keeper's start until the gateway has granted a mapping, by
# each protocol alone and by Auto, with a memory that knows nothing (cold) and one that knows what worked there (warm); "first"
# is the first keeper of a new process, which compiles the code. Beside it, in the same run, what Debian's natpmpc and upnpc
# take for a single mapping. Real daemons (miniupnpd), in the lab; root. Prints a table of the medians, in milliseconds, and ends
# with one line of JSON.
set -euo pipefail
cd "$(dirname "$0")/../.."
repeats=${1:-9}
lab=$PWD/tests/lab/lab.sh
bench=$PWD/tests/Btmm.Benchmarks/bin/Release/net10.0/btmm-bench

[[ $(id -u) -eq 0 ]] || { echo "nat.sh must be root" >&2; exit 1; }
"$lab" install core bench
dotnet build tests/Btmm.Benchmarks -c Release -v quiet -nologo -clp:ErrorsOnly >/dev/null

export LAB_PREFIX=bz$$- LAB_QUIET=1
work=$(mktemp -d)
trap 'trap - EXIT; "$lab" down 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
json=()

in_ns() { ip netns exec "$LAB_PREFIX$1" "${@:2}"; }     # NODE COMMAND...
median() { [[ -s $1 ]] || { echo -; return; }; sort -n "$1" | awk '{ v[NR] = $1 } END { printf "%.1f", v[int((NR + 1) / 2)] }'; }
# timed NODE COMMAND...: its milliseconds, some two of which it takes to enter the namespace.
timed() {
  local from=${EPOCHREALTIME/[.,]/}
  in_ns "$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; return 1; }
  echo $((${EPOCHREALTIME/[.,]/} - from)) | awk '{ printf "%.1f\n", $1 / 1000 }'
}

# natpmpc HOST, upnpc HOST: the median of a mapping by that program; the mapping is taken back.
by_natpmpc() {
  local i; : > "$work/times"
  for ((i = 0; i < repeats; i++)); do
    timed "$1" natpmpc -a 43000 43000 udp 600 >> "$work/times"
    in_ns "$1" natpmpc -a 43000 43000 udp 0 >/dev/null
  done
  median "$work/times"
}
by_upnpc() {
  local i own; own=$(ip -n "$LAB_PREFIX$1" -4 -o addr show dev eth0 | awk '{sub("/.*","",$4); print $4; exit}')
  : > "$work/times"
  for ((i = 0; i < repeats; i++)); do
    # -i: to it, addresses for documentation are not connected
    timed "$1" upnpc -i -a "$own" 43000 43000 udp 600 >> "$work/times"
    in_ns "$1" upnpc -i -d 43000 udp >/dev/null
  done
  median "$work/times"
}

# row KIND HOST METHOD [PEER]: one row of the table.
row() {
  local kind=$1 host=$2 method=$3 peer=${4:--} label _ first cold cold_max warm warm_max beside=-
  # shellcheck disable=SC2086  # a method may have an option
  read -r label first _ _ cold cold_max _ warm warm_max < <(in_ns "$host" "$bench" nat "$repeats" $method) || true
  [[ $label = first ]] || { printf '%-34s %-10s no endpoint\n' "$kind" "$method"; return; }
  [[ $peer = - ]] || beside="$peer $("by_$peer" "$host")"
  printf '%-34s %-13s %8s %8s %8s %8s %8s   %s\n' "$kind" "$method" "$first" "$cold" "$cold_max" "$warm" "$warm_max" "$beside"
  json+=("{\"kind\":\"$kind\",\"method\":\"$method\",\"first_ms\":$first,\"cold_ms\":$cold,\"warm_ms\":$warm,\"beside\":\"$beside\"}")
}

"$lab" up six
"$lab" add-host lodger hotel 116
printf '\nmilliseconds from start to a usable endpoint, medians of %s\n' "$repeats"
printf '%-34s %-13s %8s %8s %8s %8s %8s   %s\n' "the gateway" "asked by" first cold slowest warm slowest beside
row "speaks everything" studio auto
row "speaks everything" studio pcp
row "speaks everything" studio natpmp natpmpc
row "speaks everything" studio igd upnpc
"$lab" nat gw-cafe symmetric
row "speaks everything, symmetric NAT" laptop auto
"$lab" upnp gw-home only pcp
row "PCP alone" studio auto
"$lab" upnp gw-home only natpmp
row "NAT-PMP alone" studio auto natpmpc
"$lab" upnp gw-hotel only igd
row "IGD 2 alone" lodger auto upnpc
"$lab" upnp gw-hotel only igd1
row "IGD 1 alone" lodger auto upnpc
row "IPv6 firewall, a pinhole" six "auto pinhole"
row "none: a public address" server2 auto
(IFS=,; printf '[%s]\n' "${json[*]}")
