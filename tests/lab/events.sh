# shellcheck shell=bash
#
# Part of lab.sh: what can happen to the network: roaming, new addresses, reboots, cuts, loss.

cmd_roam() { # HOST NETWORK [ADDRESS]
  local node=$1 net=$2 addr=${3:-}
  need_node "$node"; is_host "$node" || die "$node is not a host"
  [[ -n ${NET_NS[$net]:-} ]] || die "no such network: $net (${NET_ORDER[*]})"
  attach "$node" "$net" "${addr:-${NET_PFX[$net]}.$(host_id "$node")}"
  rm -f "$STATE/cut/$node"
  note "$node is now $(node_addr "$node") on $net"
}

cmd_readdress() { # GATEWAY NEW-ADDRESS
  local gw=$1 new=$2 net old
  need_gw "$gw"
  net=$(node_net "$gw"); old=$(node_addr "$gw")
  [[ $old = "$new" ]] && return 0
  nsip "$gw" addr add "$new/${NET_LEN[$net]}" dev wan0
  nsip "$gw" addr del "$old/${NET_LEN[$net]}" dev wan0      # flows of the old address die with it
  # Deleting a primary address deletes its same-subnet secondaries: put it back.
  nsip "$gw" addr replace "$new/${NET_LEN[$net]}" dev wan0
  nsip "$gw" route replace default via "${NET_PFX[$net]}.1"
  inns "$gw" conntrack -F >/dev/null 2>&1 || true
  # Without IGD, miniupnpd does not watch its interface; a router's scripts restart it when it has a new address.
  if [[ -e $STATE/upnp/$gw.only && $(< "$STATE/upnp/$gw.only") != igd* ]]; then cmd_upnp "$gw" restart; fi
  note "$gw: $old -> $new"
}

# Without SECONDS the gateway is back as soon as its daemon is; with it, it forwards nothing for so long.
cmd_reboot() { # GATEWAY [SECONDS]
  local gw=$1; need_gw "$gw"
  reap "miniupnpd-$gw"
  rm -f "$STATE/upnp/$gw".{leases,leases6}
  if [[ -n ${2:-} ]]; then inns "$gw" sysctl -qw net.ipv4.ip_forward=0; fi
  upnp_flush "$gw"
  if [[ -n ${2:-} ]]; then sleep "$2"; inns "$gw" sysctl -qw net.ipv4.ip_forward=1; fi
  if [[ ${GW_UPNP[$gw]} != none ]]; then upnp_start "$gw"; upnp_wait "$gw"; fi
  note "$gw rebooted: all mappings and flows are gone"
}

cmd_nat() { # GATEWAY cone|symmetric|none
  need_gw "$1"
  [[ $2 = cone || $2 = symmetric || $2 = none ]] || die "usage: lab.sh nat GATEWAY cone|symmetric|none"
  gw_rules "$1" "$2"; inns "$1" conntrack -F >/dev/null 2>&1 || true
}

# on and off: with or without port mapping. restart: the daemon begins a new epoch but reads its lease file.
# deny: the daemon refuses every mapping. nostun: the daemon thinks that it has no usable address.
# only: as on, but it speaks one protocol alone; "on" ends that too.
cmd_upnp() { # GATEWAY on|off|restart|deny|nostun|only PROTOCOL
  local gw=$1; need_gw "$gw"
  case $2 in
    on)      rm -f "$STATE/upnp/$gw".{deny,nostun}; upnp_only "$gw" all ;;
    off)     reap "miniupnpd-$gw"; rm -f "$STATE/upnp/$gw".{leases,leases6}; upnp_flush "$gw"; return 0 ;;
    restart) ;;
    deny|nostun) touch "$STATE/upnp/$gw.$2" ;;
    only)    rm -f "$STATE/upnp/$gw".{deny,nostun}; upnp_only "$gw" "${3:-}" ;;
    *) die "usage: lab.sh upnp GATEWAY on|off|restart|deny|nostun|only PROTOCOL" ;;
  esac
  reap "miniupnpd-$gw"; upnp_start "$gw"; upnp_wait "$gw"
}

# A cut link either loses carrier (the default: an unplugged cable) or, with
# --silent, swallows frames while the carrier stays (a broken network further on).
cmd_cut() {
  local how=carrier; [[ $1 = --silent ]] && { how=silent; shift; }
  [[ ${2:-} = --silent ]] && how=silent
  need_node "$1"; local r=${NET_NS[$(node_net "$1")]}
  if [[ $how = carrier ]]; then nsip "$r" link set "p-$1" down
  else inns "$r" bridge link set dev "p-$1" state 0; fi
  mkdir -p "$STATE/cut"; echo "$how" > "$STATE/cut/$1"
}
cmd_heal() {
  need_node "$1"; local r=${NET_NS[$(node_net "$1")]}
  nsip "$r" link set "p-$1" up
  inns "$r" bridge link set dev "p-$1" state 3
  rm -f "$STATE/cut/$1"
}

# Lose PERCENT of a node's packets, each way (0 ends it).  There is no netem
# here; nftables' number generator on the veth's ingress and egress serves.
cmd_loss() { # NODE PERCENT
  need_node "$1"; local r=${NET_NS[$(node_net "$1")]} t="loss_${1//-/_}"
  inns "$r" nft delete table netdev "$t" 2>/dev/null || true
  [[ $2 = 0 ]] && return 0
  inns "$r" nft -f - <<NFT
table netdev $t {
  chain in  { type filter hook ingress device "p-$1" priority 0; numgen random mod 1000 < $(awk "BEGIN{print int($2*10)}") drop; }
  chain out { type filter hook egress device "p-$1" priority 0; numgen random mod 1000 < $(awk "BEGIN{print int($2*10)}") drop; }
}
NFT
}
cmd_rate() { # NODE RATE|off : limit what the node receives (tbf), such as 20mbit
  need_node "$1"; local r=${NET_NS[$(node_net "$1")]}
  inns "$r" tc qdisc del dev "p-$1" root 2>/dev/null || true
  [[ $2 = off ]] || inns "$r" tc qdisc add dev "p-$1" root tbf rate "$2" burst 32kb latency 50ms
}

cmd_addhost() { # HOST NETWORK ID : one more host
  [[ $# = 3 ]] || die "usage: lab.sh add-host HOST NETWORK ID"
  mkdir -p "$STATE/host"; echo "$3" > "$STATE/host/$1"
  make_ns "$1"; attach "$1" "$2" "${NET_PFX[$2]}.$3"
}

cmd_map() { # HOST INTERNAL EXTERNAL [LIFETIME [udp|tcp]] : by NAT-PMP
  need_node "$1"
  inns "$1" natpmpc -a "$3" "$2" "${5:-udp}" "${4:-3600}"
}
cmd_leases() { # GATEWAY : of IPv4, then of IPv6
  local f; need_gw "$1"
  for f in "$STATE/upnp/$1".{leases,leases6}; do if [[ -e $f ]]; then cat "$f"; fi; done
}
cmd_mappings() { need_node "$1"; inns "$1" nft list chain inet filter prerouting_miniupnpd; }

