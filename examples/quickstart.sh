#!/usr/bin/env bash
#
# quickstart.sh - two hosts behind two NATs reach each other by name, and a download lives while one of them moves.
#
# Builds Btmm, makes a small internet of network namespaces (tests/lab), starts the zone service and two nodes, and
# fetches a file from one host by its name, through the tunnel, while the other host moves to a third network.
# Exits 0 only if every step held. Leaves nothing behind.
#
#   examples/quickstart.sh                as root; installs the few Debian packages that it needs
#   examples/quickstart.sh --size 64      a smaller file, in MiB (default 256)
#   examples/quickstart.sh --no-build     with what was built before (or the btmmd that BTMM_DAEMON names)
#   examples/quickstart.sh --verbose      with every event of the two nodes
#
# Without root it goes on in an unprivileged user namespace where the kernel allows that.
set -euo pipefail
cd "$(dirname "$0")/.."
lab=$PWD/tests/lab/lab.sh
domain=alice.members.example.net
size=256 build=yes verbose=

die() { printf '\nquickstart: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '3,15s/^# \{0,1\}//p' "$0"; exit "$1"; }
args=("$@")
while [[ $# -gt 0 ]]; do
  case $1 in
    --size) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage 2; size=$2; shift ;;
    --no-build) build= ;;
    --verbose) verbose=yes ;;
    --help|-h) usage 0 ;;
    *) usage 2 ;;
  esac
  shift
done

# ------------------------------------------------------------ preparation --
command -v dotnet >/dev/null || die "the .NET SDK 10 is needed: https://dot.net"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
daemon=${BTMM_DAEMON:-$PWD/src/Btmm.Daemon/bin/Release/net10.0/btmmd}

if [[ -n $build ]]; then
  echo "Building ..."
  dotnet build src/Btmm.Daemon -c Release -v quiet -nologo -clp:ErrorsOnly --disable-build-servers || die "the build failed"
fi
[[ -x $daemon ]] || die "there is no build yet: run without --no-build"

if [[ $(id -u) -ne 0 ]]; then
  [[ -w /dev/net/tun ]] || die "this user may not open /dev/net/tun: run as root (sudo $0)"
  for tool in ip nft miniupnpd stund curl socat; do
    PATH=$PATH:/usr/sbin:/sbin command -v $tool >/dev/null || die "$tool is not installed: run once as root (sudo $0)"
  done
  why=$("$lab" can-unprivileged) || die "$why: run as root (sudo $0)"
  echo "Not root: going on in a user namespace of its own."
  exec "$lab" unprivileged "$0" --no-build "${args[@]}"
fi

if [[ -w /var/lib/dpkg/lock ]]; then
  "$lab" install core demo || die "the packages that it needs could not be installed"
fi

# ---------------------------------------------------------------- clean-up --
export LAB_PREFIX=bq$$- LAB_QUIET=1
work=$(mktemp -d)
# shellcheck source=../tests/lab/nodes.sh
source tests/lab/nodes.sh
# Whoever still runs in the hosts' namespaces, as a download does that was interrupted.
end_leftovers() {
  local host pid
  for host in studio laptop dns; do
    for pid in $(ip netns pids "$LAB_PREFIX$host" 2>/dev/null); do kill -TERM "$pid" 2>/dev/null || true; done
  done
}
clean_up() {
  trap - EXIT INT TERM
  finish_all
  end_leftovers
  "$lab" down 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ----------------------------------------------------------------- helpers --
began=$(now)
say() { printf '%8.3f  %s\n' "$(($(now) - began))e-3" "$*"; }
# stage TAG EVENT...: waits for each and tells it.
stage() {
  local tag=$1 name
  for name in "${@:2}"; do
    await 30 "$tag" "$name" || die "$tag did not come up"
    say "$(printf '%-7s %-14s %s' "$tag" "$name" "$(event "$tag" "$name" | member message)")"
  done
}

# ------------------------------------------------------------- the network --
echo "Making a small internet: two homes behind NAT gateways with miniupnpd, a hotel behind another, a public side."
"$lab" up || die "the network could not be built"
say "network up: studio at home (192.168.1.100), laptop in the cafe (10.0.1.102), zone service at 203.0.113.53"

# One account; the second host joins with an encrypted file.
make_account $domain 203.0.113.53 studio laptop
say "account $domain made; carried to the laptop in an encrypted file"

start_zone studio --tls 203.0.113.53
stage zone zone-started

launched=$(now)
start_node studio
start_node laptop
for host in studio laptop; do stage $host mapping-ready published; done
for host in studio laptop; do stage $host zone-watched peer-seen; done
stage laptop tunnel-up
await_ping 30 laptop "studio.$domain" || die "no ping through the tunnel"
first_ping=$(($(now) - launched))
say "laptop  first ping     studio.$domain answered $first_ping ms after the nodes were started"

# ------------------------------------------------------------ the transfer --
head -c "${size}M" /dev/urandom > "$work/file"
want=$(sha256sum < "$work/file")
# Just enough of a web server for curl.
cat > "$work/serve" <<'SERVE'
#!/bin/sh
while read -r line && [ "${#line}" -gt 1 ]; do :; done
printf 'HTTP/1.0 200 OK\r\nContent-Length: %s\r\n\r\n' "$(stat -c %s "$1")"
exec cat "$1"
SERVE
chmod +x "$work/serve"
start studio web socat -b 1048576 TCP6-LISTEN:8080,reuseaddr,fork "EXEC:$work/serve $work/file,nofork"
sleep 0.3

say "laptop  fetching       http://studio.$domain:8080/ ($size MiB)"
: > "$work/copy"
in_ns laptop curl --silent --show-error --max-time 100 --output "$work/copy" "http://studio.$domain:8080/" 2>"$work/curl.err" &
fetch=$!
bytes=$((size * 1024 * 1024)) seen=0 stall_from=$(now) stall=0 roamed=''
transfer_began=$(now)
while kill -0 $fetch 2>/dev/null; do
  have=$(stat -c %s "$work/copy") at=$(now)
  if [[ $have -gt $seen ]]; then
    if ((at - stall_from > stall)); then stall=$((at - stall_from)); fi
    seen=$have stall_from=$at
  fi
  if [[ -z $roamed && $have -ge $((bytes / 2)) ]]; then
    "$lab" roam laptop hotel
    roamed=$have
    say "laptop  moved          from the cafe to the hotel with $((have / 1048576)) of $size MiB fetched"
  fi
  sleep 0.02
done
transfer=$(($(now) - transfer_began))
wait $fetch || die "the download failed: $(cat "$work/curl.err")"
[[ -n $roamed ]] || die "the download ended before the laptop moved: use a larger --size"
stage studio tunnel-moved
got=$(sha256sum < "$work/copy")
say "laptop  fetched        $size MiB in $transfer ms, longest pause $stall ms"
[[ -z $verbose ]] || for host in studio laptop; do echo "--- $host"; cat "$work/$host.log"; done

# ---------------------------------------------------------------- the end --
clean=yes
# Nodes stop by withdrawing what they published.
for host in laptop studio; do finish $host || clean=no; done
for host in studio laptop; do
  [[ -n $(event $host withdrawn) ]] || clean=no
  ! grep -q "$domain" "/etc/netns/$LAB_PREFIX$host/hosts" || clean=no
done
# The gateways they were last behind; the one that the laptop left could not be asked any more.
for gateway in gw-home gw-hotel; do
  leases=$("$lab" leases $gateway) && [[ -z $leases ]] || clean=no
done
say "both nodes stopped; records withdrawn, mappings released: $clean"

[[ $got = "$want" ]] && same=yes || same=no
rate() { awk "BEGIN { printf \"%.0f\", $bytes * 8 / 1000 / ($transfer - $stall) }"; }
cat <<TABLE

  account                            $domain
  mapping of studio, laptop          $(elapsed studio mapping-ready) s, $(elapsed laptop mapping-ready) s after start
  records published                  $(elapsed studio published) s, $(elapsed laptop published) s after start
  start to first ping, by name       $first_ping ms
  file                               $size MiB, SHA-256 equal: $same
  throughput, the pause left out     $(rate) Mbit/s
  interruption when the laptop moved $stall ms
  everything cleaned up              $clean
TABLE
[[ $same = yes ]] || die "the copy differs from the file"
[[ $clean = yes ]] || die "something was left behind"
echo
echo "Everything held."
