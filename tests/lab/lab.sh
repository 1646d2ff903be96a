#!/usr/bin/env bash
#
# lab.sh - a small internet of NAT gateways, hosts and name servers on one machine.
#
# Everything lives in network namespaces whose names begin with $LAB_PREFIX (default "btmm-"). Nothing is routed
# out of the machine: the namespace "inet" is the whole public internet and has no default route.
#
#              pub1 203.0.113.0/24                pub2 198.51.100.0/24
#                 |        [inet routes between the two]       |
#   server .50 ---+                                            +--- server2 .51
#      dns .53 ---+                                            |
#  gw-home .10 ---+                                            +--- gw-cafe  .20
#   |  192.168.1.0/24: studio .100, mini .101                  |      10.0.1.0/24: laptop .102
#   |                                                          +--- gw-hotel .30
#   |                                                                 172.16.5.0/24: (empty)
#   |  with "up inner": gw-inner 192.168.1.60 (a gateway behind a gateway)
#   |     192.168.9.0/24: attic .104
#   |
#   with "up cgn": gw-isp .40 on pub1
#      100.64.0.0/10 (carrier NAT, no port mapping)
#        gw-cgn-home 100.64.0.60
#           192.168.7.0/24: deep .103
#
#  with "up twin": gw-twin .32 on pub2, whose network has home's addresses, 192.168.1.0/24: (empty)
#
#  with "up six" a network with IPv6, and with "up zoo" every kind of NAT: see zoo.sh
#
# Each of gw-home, gw-cafe, gw-hotel, gw-inner and gw-cgn-home runs Debian's miniupnpd (NAT-PMP, PCP, UPnP IGD).
# miniupnpd refuses to map ports when its WAN address is one of the documentation blocks used here, unless STUN
# tells it that the address works; so "inet" also runs a STUN server (Debian's stund) on 203.0.113.3 and
# 198.51.100.3. gw-inner asks one inside gw-home (192.168.1.1 and .2), so it believes in its private WAN address and
# offers it to its clients, as many a router behind another router does.
#
# Run "lab.sh help" for the commands.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/sbin:/sbin

PREFIX=${LAB_PREFIX:-btmm-}
STATE=${LAB_STATE:-/run/${PREFIX}lab}
ULA=${LAB_ULA:-fdb7:6d6d:6163:1}        # inner IPv6 addresses for strongSwan: $ULA::<host id>
MIN_LIFETIME=${LAB_MIN_LIFETIME:-120}   # miniupnpd's shortest PCP lifetime, seconds
ZONE=members.example.net
TSIG_NAME=alice-key
TSIG_SECRET=YWxpY2UncyBzaGFyZWQgc2VjcmV0LCAzMiBieXRlcyE=          # HMAC-SHA256
MD5_NAME=alice-md5
MD5_SECRET=YWxpY2UncyBtZDUga2V5IQ==                                # HMAC-MD5

# What "up" needs, what the optional commands need, the quickstart, and what the measurements compare with.
PKGS_CORE=(iproute2 nftables miniupnpd miniupnpd-nftables stun-server natpmpc conntrack iputils-ping procps perl-base)
PKGS_DNS=(openssl bind9 bind9-utils bind9-dnsutils knot knot-dnsutils dnsperf knot-dnssecutils coturn tshark)
PKGS_IPSEC=(charon-systemd strongswan-swanctl strongswan-pki libcharon-extra-plugins
            libstrongswan-standard-plugins libstrongswan-extra-plugins)
PKGS_DEMO=(curl socat)
PKGS_BENCH=(iperf3 wireguard-go wireguard-tools miniupnpc)
PKGS_STORE=(postgresql)

STUN1=203.0.113.3 STUN2=198.51.100.3    # in inet
STUN3=192.168.1.1 STUN4=192.168.1.2      # in gw-home, for gw-inner

# ---------------------------------------------------------------- topology --
# A network is a bridge in some namespace. A node is attached to a network by a veth pair: "p-NODE" on the bridge,
# and eth0 (hosts) or wan0 (gateways). The last column is the option of "up" that the row belongs to.
#          network    namespace    bridge  prefix (3 octets)  length  option
NETS=("pub1           inet         pub1    203.0.113          24      -"
      "pub2           inet         pub2    198.51.100         24      -"
      "home           gw-home      lan0    192.168.1          24      -"
      "cafe           gw-cafe      lan0    10.0.1             24      -"
      "hotel          gw-hotel     lan0    172.16.5           24      -"
      "twin           gw-twin      lan0    192.168.1          24      twin"
      "inner          gw-inner     lan0    192.168.9          24      inner"
      "cgn            gw-isp       lan0    100.64.0           10      cgn"
      "deepnet        gw-cgn-home  lan0    192.168.7          24      cgn")
#          gateway      WAN network  id    port mapping daemon's STUN server, or none for no daemon
GATEWAYS=("gw-home      pub1         10    $STUN1    -"
          "gw-cafe      pub2         20    $STUN1    -"
          "gw-hotel     pub2         30    $STUN1    -"
          "gw-twin      pub2         32    $STUN1   twin"
          "gw-inner     home         60    $STUN3  inner"
          "gw-isp       pub1         40    none         cgn"
          "gw-cgn-home  cgn          60    $STUN1    cgn")
#       host     network   id   (the id is also the end of its ULA)
HOSTS=("server   pub1      50   -"
       "server2  pub2      51   -"
       "dns      pub1      53   -"
       "studio   home      100  -"
       "mini     home      101  -"
       "laptop   cafe      102  -"
       "attic    inner     104  inner"
       "deep     deepnet   103  cgn")

# shellcheck source=zoo.sh
source "$here/zoo.sh"

declare -A NET_NS NET_BR NET_PFX NET_LEN GW_NET GW_ID GW_UPNP HOST_NET HOST_ID
NET_ORDER=() GW_ORDER=() HOST_ORDER=()

# wanted OPTION: whether a row of the tables belongs to this lab.
wanted() { [[ $1 = - || -e $STATE/with/$1 ]]; }
read_topology() {
  local row n a b c d o
  NET_ORDER=() GW_ORDER=() HOST_ORDER=()
  for row in "${NETS[@]}"; do
    read -r n a b c d o <<<"$row"; wanted "$o" || continue
    NET_ORDER+=("$n"); NET_NS[$n]=$a NET_BR[$n]=$b NET_PFX[$n]=$c NET_LEN[$n]=$d
  done
  for row in "${GATEWAYS[@]}"; do
    read -r n a b c o <<<"$row"; wanted "$o" || continue
    GW_ORDER+=("$n"); GW_NET[$n]=$a GW_ID[$n]=$b GW_UPNP[$n]=$c
  done
  for row in "${HOSTS[@]}"; do
    read -r n a b o <<<"$row"; wanted "$o" || continue
    HOST_ORDER+=("$n"); HOST_NET[$n]=$a HOST_ID[$n]=$b
  done
}

# ----------------------------------------------------------------- helpers --
die()  { echo "lab: $*" >&2; exit 1; }
note() { [[ -n ${LAB_QUIET:-} ]] || echo "lab: $*" >&2; }
nsip() { local n=$1; shift; ip -n "$PREFIX$n" "$@"; }          # ip(8) inside a node
inns() { local n=$1; shift; ip netns exec "$PREFIX$n" "$@"; }  # any command inside a node
is_gw()   { [[ -n ${GW_NET[$1]:-} ]]; }
is_host() { [[ -n ${HOST_ID[$1]:-} || -e $STATE/host/$1 ]]; }
host_id() { if [[ -n ${HOST_ID[$1]:-} ]]; then echo "${HOST_ID[$1]}"; else cat "$STATE/host/$1"; fi; }
node_if() { if is_gw "$1"; then echo wan0; else echo eth0; fi; }
have_ns() { [[ -e /run/netns/$PREFIX$1 ]]; }
need_node() { have_ns "$1" || die "no such node: $1 (is the lab up?)"; }
need_gw()   { is_gw "$1" || die "$1 is not a gateway"; need_node "$1"; }
need_root() { [[ $(id -u) = 0 ]] || die "must be root (or run: lab.sh unprivileged COMMAND...)"; }
net_v6() { case $1 in pub1) echo 2001:db8:113;; pub2) echo 2001:db8:51;; six) echo 2001:db8:6;; esac; }
node_net()  { cat "$STATE/net/$1"; }                  # the network a node is on now
node_addr() { nsip "$1" -4 -o addr show dev "$(node_if "$1")" | awk '{sub("/.*","",$4); print $4; exit}'; }
ula() { echo "$ULA::$(host_id "$1")"; }

# Daemons: "spawn TAG NODE CMD..." runs CMD in NODE's namespace, with its output in $STATE/log/TAG.log, and notes
# its pid and start time; "reap TAG" ends just that process, and only if the pid still belongs to it.
start_time() { awk '{sub(/.*\) /,""); print $20}' "/proc/$1/stat" 2>/dev/null || true; }
alive() { # TAG
  local pid at; [[ -r $STATE/pid/$1 ]] || return 1
  read -r pid at < "$STATE/pid/$1" || true
  [[ -n $at && $(start_time "$pid") = "$at" ]]
}
pid_of() { local pid; read -r pid _ < "$STATE/pid/$1"; echo "$pid"; }
spawn() {
  local tag=$1 node=$2; shift 2
  alive "$tag" && return 0
  mkdir -p "$STATE/pid" "$STATE/log"
  ip netns exec "$PREFIX$node" setsid "$@" </dev/null >"$STATE/log/$tag.log" 2>&1 &
  local pid=$!; disown "$pid" 2>/dev/null || true
  echo "$pid $(start_time "$pid")" > "$STATE/pid/$tag"
}
reap() {
  local tag=$1 pid i tries=30
  # miniupnpd hears no signal while it waits for STUN answers, and keeps nothing that it could lose.
  [[ $tag = miniupnpd-* ]] && tries=5
  if alive "$tag"; then
    pid=$(pid_of "$tag")
    kill -TERM "$pid" 2>/dev/null || true
    for ((i = 0; i < tries; i++)); do alive "$tag" || break; sleep 0.1; done
    if alive "$tag"; then kill -KILL "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$STATE/pid/$tag"
}
wait_for() { # SECONDS CMD... : until CMD succeeds
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do ((SECONDS < end)) || return 1; sleep 0.1; done
}

missing_pkgs() { # of the named packages, those not installed
  local p; for p in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || echo "$p"
  done
}
check_pkgs() {
  local m; m=$(missing_pkgs "$@" | xargs)
  [[ -z $m ]] || die "missing packages: $m
  run: lab.sh install    (or: apt-get install --no-install-recommends $m)"
}

# shellcheck source=net.sh
source "$here/net.sh"
# shellcheck source=events.sh
source "$here/events.sh"
# shellcheck source=dns.sh
source "$here/dns.sh"
# shellcheck source=strongswan.sh
source "$here/strongswan.sh"
# shellcheck source=selftest.sh
source "$here/selftest.sh"

# ------------------------------------------------------------ the commands --
cmd_up() { # [inner] [twin] [cgn] [six] [zoo]
  need_root
  check_pkgs "${PKGS_CORE[@]}"
  local n
  mkdir -p "$STATE"/{pid,log,net,nat,host,upnp,with}
  for n in "$@"; do
    case $n in
      inner|twin|cgn|six) touch "$STATE/with/$n" ;;
      zoo) touch "$STATE/with"/{inner,cgn,six,zoo} ;;
      *) die "usage: lab.sh up [inner] [twin] [cgn] [six] [zoo]" ;;
    esac
  done
  read_topology
  make_ns inet
  for n in "${GW_ORDER[@]}" "${HOST_ORDER[@]}"; do make_ns "$n"; done
  inns inet sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  # Bridged frames need not pass the IP hooks.
  for n in inet "${GW_ORDER[@]}"; do
    inns "$n" sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 2>/dev/null || true
  done
  for n in "${NET_ORDER[@]}"; do make_net "$n"; done
  nsip inet addr replace $STUN1/24 dev pub1
  nsip inet addr replace $STUN2/24 dev pub2
  for n in "${GW_ORDER[@]}"; do
    inns "$n" sysctl -qw net.ipv4.ip_forward=1
    [[ -e $STATE/net/$n ]] || attach "$n" "${GW_NET[$n]}" "${NET_PFX[${GW_NET[$n]}]}.${GW_ID[$n]}"
    gw_rules "$n" "$(cat "$STATE/nat/$n" 2>/dev/null || echo cone)"
  done
  for n in "${HOST_ORDER[@]}"; do
    [[ -e $STATE/net/$n ]] || attach "$n" "${HOST_NET[$n]}" "${NET_PFX[${HOST_NET[$n]}]}.${HOST_ID[$n]}"
  done
  stun_start stund inet $STUN1 $STUN2
  if have_ns gw-inner; then
    nsip gw-home addr replace $STUN4/24 dev lan0
    stun_start stund-home gw-home $STUN3 $STUN4
  fi
  zoo_up
  for n in "${GW_ORDER[@]}"; do
    if [[ ${GW_UPNP[$n]} != none ]]; then upnp_start "$n"; fi
  done
  # gw-cgn-home finds itself behind another NAT and says so after its STUN timeouts (9 s), hence is not waited for.
  for n in "${GW_ORDER[@]}"; do
    [[ ${GW_UPNP[$n]} = none || $n = gw-cgn-home ]] || upnp_wait "$n"
  done
  note "up: ${#GW_ORDER[@]} gateways, ${#HOST_ORDER[@]} hosts"
}

cmd_down() {
  need_root
  local f n
  for f in "$STATE"/pid/*; do
    [[ -e $f ]] || continue
    n=${f##*/}; case $n in stund*|miniupnpd-*) ;; *) reap "$n";; esac
  done
  for f in "$STATE"/pid/*; do
    if [[ -e $f ]] && alive "${f##*/}"; then kill -TERM "$(pid_of "${f##*/}")" 2>/dev/null || true; fi
  done
  for f in "$STATE"/pid/*; do if [[ -e $f ]]; then reap "${f##*/}"; fi; done
  for f in /run/netns/"$PREFIX"*; do if [[ -e $f ]]; then ip netns del "${f##*/}"; fi; done
  for f in /etc/netns/"$PREFIX"*; do if [[ -d $f ]]; then rm -rf "$f"; fi; done
  rm -rf "$STATE"
  note "down"
}

cmd_status() {
  have_ns inet || { echo "down"; return 1; }
  local n a extra t f
  local nodes=("${GW_ORDER[@]}" "${HOST_ORDER[@]}")
  for f in "$STATE"/host/*; do if [[ -e $f ]]; then nodes+=("${f##*/}"); fi; done
  printf '%-12s %-8s %-16s %s\n' NODE NET ADDRESS NOTES
  for n in "${nodes[@]}"; do
    have_ns "$n" || continue
    a=$(node_addr "$n"); extra=
    if is_gw "$n"; then
      extra="nat=$(cat "$STATE/nat/$n") flows=$(inns "$n" conntrack -C 2>/dev/null || echo '?')"
      [[ ${GW_UPNP[$n]} = none ]] || extra+=" mappings=$(inns "$n" nft list chain inet filter prerouting_miniupnpd | grep -c dnat || true)"
    fi
    [[ -e $STATE/cut/$n ]] && extra+=" CUT($(cat "$STATE/cut/$n"))"
    printf '%-12s %-8s %-16s %s\n' "$n" "$(node_net "$n")" "${a:--}" "$extra"
  done
  for t in "$STATE"/pid/*; do
    [[ -e $t ]] || continue; t=${t##*/}
    if alive "$t"; then echo "daemon $t pid $(pid_of "$t")"; else echo "daemon $t DEAD (log: $STATE/log/$t.log)"; fi
  done
}

cmd_exec() { local n=$1; shift; need_node "$n"; exec ip netns exec "$PREFIX$n" "$@"; }

# Runs a command where an ordinary user is root: an own user, mount and network namespace, an empty /run, and an
# /etc whose changes nobody else sees. Everything in it vanishes with its last process.
cmd_unprivileged() {
  [[ $# -ge 1 ]] || die "usage: lab.sh unprivileged COMMAND..."
  # shellcheck disable=SC2016
  exec unshare --user --map-root-user --mount --net -- /bin/sh -c '
    set -e
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir /run/netns /run/etc /run/etc.upper /run/etc.work
    mount -t overlay -o lowerdir=/etc,upperdir=/run/etc.upper,workdir=/run/etc.work overlay /etc
    mkdir -p /etc/netns
    mount -t tmpfs -o mode=755 tmpfs /etc/netns
    ip link set lo up
    exec "$@"' unprivileged "$@"
}
# Whether "unprivileged" can work here; says why not.
cmd_can_unprivileged() {
  local why
  why=$(unshare --user --map-root-user --mount --net -- /bin/sh -c '
    mount -t tmpfs tmpfs /run && mkdir /run/netns /run/u /run/w &&
    mount -t overlay -o lowerdir=/etc,upperdir=/run/u,workdir=/run/w overlay /etc &&
    ip netns add probe && ip netns exec probe true && ip -n probe link add type veth' 2>&1) && return 0
  echo "this kernel does not let an ordinary user build network namespaces: ${why%%$'\n'*}"
  return 1
}

cmd_install() { # [dns] [ipsec] [demo] [store] [bench] : default all but bench
  need_root
  command -v apt-get >/dev/null || die "apt-get not found: install by hand: ${PKGS_CORE[*]}"
  local want=("${PKGS_CORE[@]}") m=() p
  [[ $# -gt 0 ]] || set -- dns ipsec demo store
  for p in "$@"; do
    case $p in
      core) ;; dns) want+=("${PKGS_DNS[@]}");; ipsec) want+=("${PKGS_IPSEC[@]}");;
      demo) want+=("${PKGS_DEMO[@]}");; bench) want+=("${PKGS_BENCH[@]}");;
      store) want+=("${PKGS_STORE[@]}");;
      all) want+=("${PKGS_DNS[@]}" "${PKGS_IPSEC[@]}" "${PKGS_DEMO[@]}" "${PKGS_BENCH[@]}" "${PKGS_STORE[@]}");;
      *) die "usage: lab.sh install [core] [dns] [ipsec] [demo] [store] [bench] [all]";;
    esac
  done
  mapfile -t m < <(missing_pkgs "${want[@]}")
  [[ ${#m[@]} -gt 0 ]] || return 0
  note "installing ${m[*]}"
  # No daemon may start by being installed. Debian asks policy-rc.d; where there is none, say no for this run.
  if [[ ! -e /usr/sbin/policy-rc.d ]]; then
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  local get=(apt-get -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 -qq)
  "${get[@]}" update >/dev/null 2>&1 || note "apt-get update failed; trying with the lists there are"
  "${get[@]}" install -y --no-install-recommends "${m[@]}" >/dev/null
}

cmd_help() { cat <<HELP
lab.sh up [inner] [twin] [cgn] [six] [zoo]  build the network; again: repair what is missing
lab.sh down | status | selftest
lab.sh install [core|dns|ipsec|demo|store|bench|all]  apt-get install what is missing (default: all but bench)
lab.sh unprivileged COMMAND...         run a command as root of its own user namespace, where the lab works too
lab.sh exec NODE CMD...                run a command inside a node
lab.sh roam HOST NET [ADDR]            move a host to another network (pub1 pub2 home cafe hotel ...)
lab.sh readdress GATEWAY ADDR          change a gateway's WAN address
lab.sh reboot GATEWAY [SECONDS]        lose all mappings and flows, and start the epoch at 0; dead for SECONDS
lab.sh upnp GATEWAY on|off|restart|deny|nostun  start, stop or restart its mapping daemon; let it refuse; no address
lab.sh upnp GATEWAY only pcp|natpmp|igd|igd1    let it speak one protocol alone; igd1: as version 1
lab.sh odd GATEWAY port|address|off    let its daemon's answers come from another port or address
lab.sh block GATEWAY udp|not-dns|all-udp|off  forward no UDP but to DNS's port, but DNS itself, or none at all
lab.sh forward GATEWAY PORT|all NODE   a forwarding made by hand, or an exposed host (DMZ); forward GATEWAY off
lab.sh portal GATEWAY 302|511|off      a captive portal: HTTP and DNS answered by the gateway, all else dropped
lab.sh nat GATEWAY cone|symmetric|none keep source ports, or pick one at random for each destination; or be a firewall only
lab.sh cut [--silent] NODE | heal NODE unplug a link, or lose its frames in silence
lab.sh loss NODE PERCENT               lose packets each way (0: none)
lab.sh rate NODE RATE|off              limit what a node receives (20mbit)
lab.sh add-host HOST NET ID            one more host
lab.sh map HOST INT EXT [SECS [udp|tcp]]  ask for a mapping by NAT-PMP
lab.sh mappings GATEWAY | leases GATEWAY  a gateway's NAT rules; its daemon's lease file
lab.sh addr NODE | ns NODE             a node's address; its namespace's name
lab.sh dns bind|knot [NODE [PORT]] | dns stop | dns key [md5]
lab.sh strongswan HOST start | stop | sas | log | load | swanctl ARGS...
lab.sh strongswan HOST peer PEER psk|cert [ADDR[:PORT]]   then: initiate PEER | terminate PEER
lab.sh ula HOST                        the host's inner IPv6 address
nodes: inet ${GW_ORDER[*]} ${HOST_ORDER[*]}
environment: LAB_PREFIX=$PREFIX LAB_STATE=$STATE LAB_ULA=$ULA LAB_MIN_LIFETIME=$MIN_LIFETIME LAB_QUIET=${LAB_QUIET:-}
HELP
}

read_topology
[[ $# -ge 1 ]] || { cmd_help; exit 2; }
c=$1; shift
case $c in
  up|down|status|install|unprivileged|exec|roam|readdress|reboot|nat|upnp|odd|block|forward|portal|cut|heal|loss|rate|map|mappings|leases|dns|strongswan|selftest|help) "cmd_$c" "$@" ;;
  add-host) cmd_addhost "$@" ;;
  can-unprivileged) cmd_can_unprivileged ;;
  ula) ula "$1" ;;
  addr) need_node "$1"; node_addr "$1" ;;
  ns) echo "$PREFIX$1" ;;
  *) cmd_help >&2; exit 2 ;;
esac
