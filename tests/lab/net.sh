# shellcheck shell=bash
#
# Part of lab.sh: building namespaces, bridges, links and NAT gateways.

make_ns() { # NODE
  have_ns "$1" || ip netns add "$PREFIX$1"
  nsip "$1" link set lo up
  # ip netns exec shows /etc/netns/NAME/FILE as /etc/FILE, so each node has its own hosts file. It is a bind mount:
  # whoever changes it must write in place, not rename a new file over it.
  mkdir -p "/etc/netns/$PREFIX$1"
  printf 'nameserver 203.0.113.53\noptions timeout:1 attempts:2\n' > "/etc/netns/$PREFIX$1/resolv.conf"
  [[ -e /etc/netns/$PREFIX$1/hosts ]] || printf '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n' > "/etc/netns/$PREFIX$1/hosts"
  inns "$1" sysctl -qw net.ipv4.ip_default_ttl=64 net.ipv6.conf.all.accept_dad=0 \
                       net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0
}
make_net() { # NETWORK : its bridge and the router's own address on it
  local net=$1 r=${NET_NS[$1]} br=${NET_BR[$1]} six place
  # Its place in the table tells it from others with the same prefix.
  for place in "${!NET_ORDER[@]}"; do [[ ${NET_ORDER[place]} != "$net" ]] || break; done
  # Without an address of its own a bridge takes its ports' lowest and changes it when a host comes or goes: then all
  # others on the network talk to a dead address until their ARP entries are renewed.
  nsip "$r" link show dev "$br" >/dev/null 2>&1 \
    || nsip "$r" link add "$br" address "02:00:$(printf '%02x:%02x:%02x:%02x' ${NET_PFX[$net]//./ } $((place + 1)))" type bridge stp_state 0 forward_delay 0
  six=$(net_v6 "$net")
  # One link-local address only: from there its announcements must come.
  if [[ -n $six && $br = lan0 ]]; then nsip "$r" link set "$br" addrgenmode none; fi
  nsip "$r" link set "$br" up
  nsip "$r" addr replace "${NET_PFX[$net]}.1/${NET_LEN[$net]}" dev "$br"
  if [[ -n $six ]]; then nsip "$r" addr replace "$six::1/64" dev "$br" nodad; fi
  if [[ -n $six && $br = lan0 ]]; then nsip "$r" addr replace fe80::1/64 dev "$br" nodad; fi
}
# attach NODE NETWORK ADDRESS : plug a node's link into a network, with an
# address and a default route.  The node's own interface keeps its index, so
# this is what a laptop sees when it joins another access point.
attach() {
  local node=$1 net=$2 addr=$3 ifc old six
  local r=${NET_NS[$net]} br=${NET_BR[$net]}
  ifc=$(node_if "$node")
  if ! nsip "$node" link show dev "$ifc" >/dev/null 2>&1; then
    ip -n "$PREFIX$r" link add "p-$node" type veth peer name "$ifc" netns "$PREFIX$node"
  else
    old=${NET_NS[$(node_net "$node")]}
    nsip "$old" link set "p-$node" down
    nsip "$old" link set "p-$node" nomaster
    [[ $old = "$r" ]] || nsip "$old" link set "p-$node" netns "$PREFIX$r"
  fi
  mkdir -p "$STATE/net"; echo "$net" > "$STATE/net/$node"
  nsip "$node" addr flush dev "$ifc" scope global
  nsip "$r" link set "p-$node" master "$br" up
  nsip "$node" link set "$ifc" up
  nsip "$node" addr add "$addr/${NET_LEN[$net]}" dev "$ifc"
  nsip "$node" route replace default via "${NET_PFX[$net]}.1"
  six=$(net_v6 "$net")
  if [[ -n $six ]]; then
    nsip "$node" addr add "$six::${addr##*.}/64" dev "$ifc" nodad
    # A home's router is known by its link-local address, as from its advertisements.
    if [[ $br = lan0 ]]; then nsip "$node" -6 route replace default via fe80::1 dev "$ifc"
    else nsip "$node" -6 route replace default via "$six::1"; fi
  fi
}
# The gateway's rules: masquerade (unless the network behind it has public addresses), and drop whatever was not asked for.
# miniupnpd owns the three *miniupnpd chains.
gw_rules() { # GATEWAY cone|symmetric|none
  local masq=masquerade
  case $2 in
    symmetric) masq="masquerade random,fully-random" ;;
    none) masq=accept ;;
  esac
  inns "$1" nft -f - <<NFT
table inet filter {
  chain miniupnpd {}
  chain prerouting_miniupnpd {}
  chain postrouting_miniupnpd {}
  chain input       { type filter hook input priority filter; policy drop; }
  chain forward     { type filter hook forward priority filter; policy drop; }
  chain prerouting  { type nat hook prerouting priority dstnat; policy accept; }
  chain postrouting { type nat hook postrouting priority srcnat; policy accept; }
}
flush chain inet filter input
flush chain inet filter forward
flush chain inet filter prerouting
flush chain inet filter postrouting
table inet filter {
  chain input {
    ct state established,related accept
    iifname { "lo", "lan0" } accept
    meta l4proto { 1, 58 } accept comment "ICMP and ICMPv6, as numbers: /etc/protocols may be missing"
    ip saddr { $(stun_addresses) } udp sport { 3478, 3479 } accept comment "answers from the other STUN address"
  }
  chain forward {
    ct state established,related accept
    iifname "lan0" oifname "wan0" accept
    jump miniupnpd
    ct mark 0x66 accept comment "forwarded by hand"
  }
  chain prerouting  { iifname "wan0" jump prerouting_miniupnpd; }
  chain postrouting { oifname "wan0" jump postrouting_miniupnpd; oifname "wan0" meta nfproto ipv4 $masq; }
}
NFT
  mkdir -p "$STATE/nat"; echo "$2" > "$STATE/nat/$1"
}
yes_if() { # WORD WORDS... : "yes" when it is one of them
  local word; for word in "${@:2}"; do if [[ $1 = "$word" ]]; then echo yes; return; fi; done
  echo no
}
upnp_conf() { # GATEWAY
  local gw=$1 net rule=allow only=all
  for net in "${NET_ORDER[@]}"; do [[ ${NET_NS[$net]} = "$gw" ]] && break; done
  [[ -e $STATE/upnp/$gw.deny ]] && rule=deny
  [[ -e $STATE/upnp/$gw.only ]] && only=$(< "$STATE/upnp/$gw.only")
  mkdir -p "$STATE/upnp"
  cat > "$STATE/upnp/$gw.conf" <<CONF
ext_ifname=wan0
listening_ip=lan0
http_port=0
enable_natpmp=$(yes_if "$only" all pcp natpmp)
enable_upnp=$(yes_if "$only" all igd igd1)
force_igd_desc_v1=$(yes_if "$only" igd1)
lease_file=$STATE/upnp/$gw.leases
lease_file6=$STATE/upnp/$gw.leases6
min_lifetime=$MIN_LIFETIME
max_lifetime=86400
secure_mode=yes
system_uptime=no
notify_interval=60
ipv6_disable=$(if [[ -n $(net_v6 "$net") ]]; then echo no; else echo yes; fi)
friendly_name=$gw
uuid=6a0df618-e391-47ad-81c7-96a5c2d4e0${GW_ID[$gw]}
$rule 1-65535 ${NET_PFX[$net]}.0/${NET_LEN[$net]} 1-65535
deny 0-65535 0.0.0.0/0 0-65535
CONF
  if [[ ! -e $STATE/upnp/$gw.nostun ]]; then
    printf 'ext_perform_stun=yes\next_stun_host=%s\n' "${GW_UPNP[$gw]}" >> "$STATE/upnp/$gw.conf"
  fi
}
upnp_start() { # GATEWAY
  upnp_conf "$1"
  touch "$STATE/upnp/$1".{leases,leases6}
  rm -f "$STATE/upnp/$1.pid"        # one that was killed leaves it behind, and it would not start again
  if [[ -e $STATE/upnp/$1.deny ]]; then upnp_start_quiet "$1"; return; fi
  spawn "miniupnpd-$1" "$1" miniupnpd -d -f "$STATE/upnp/$1.conf" -P "$STATE/upnp/$1.pid"
}
# To refuse a request, miniupnpd tries each of 65535 ports, and in the foreground it logs each: that takes a minute on
# a busy machine. In the background it logs nothing.
upnp_start_quiet() { # GATEWAY
  local file=$STATE/upnp/$1.pid pid
  inns "$1" miniupnpd -f "$STATE/upnp/$1.conf" -P "$file" </dev/null >"$STATE/log/miniupnpd-$1.log" 2>&1
  wait_for 30 test -s "$file" || die "miniupnpd on $1 did not start"
  pid=$(< "$file")
  echo "$pid $(start_time "$pid")" > "$STATE/pid/miniupnpd-$1"
}
upnp_wait() { # GATEWAY
  # Where it speaks both PCP or NAT-PMP and IGD, it opens the former's port last.
  local port=5351; if [[ -e $STATE/upnp/$1.only && $(< "$STATE/upnp/$1.only") = igd* ]]; then port=1900; fi
  wait_for 30 inns "$1" sh -c "ss -lnu | grep -q :$port" || die "miniupnpd on $1 did not start, see $STATE/log/miniupnpd-$1.log"
}
upnp_flush() { # forget every mapping and every flow, as a power cut does
  local c
  for c in miniupnpd prerouting_miniupnpd postrouting_miniupnpd; do inns "$1" nft flush chain inet filter "$c"; done
  inns "$1" conntrack -F >/dev/null 2>&1 || true
}

