# shellcheck shell=bash
#
# Part of lab.sh: the NAT zoo, and what can be wrong with a gateway.
#
# "up six" adds a network with IPv6 behind a firewall:
#
#   gw-six .65 on pub2
#      192.168.25.0/24 and 2001:db8:6::/64: six .109 and ::109 (its default routes: 192.168.25.1 and fe80::1)
#
# "up zoo" adds that, "inner", "cgn" and the rest of the kinds:
#
#   a host          stands behind
#   studio, laptop  one NAT with mapping (gw-home, gw-cafe)
#   plain           gw-plain: one NAT without mapping, which keeps a port for all destinations
#   random          gw-random: one without mapping, which takes another port for each destination
#   mute            gw-mute: one that forwards no UDP
#   narrow          gw-narrow: one that forwards no UDP but DNS
#   guest           gw-portal: a captive portal
#   attic           gw-inner in home: two NATs, both with mapping
#   cellar          gw-cellar in home: two NATs, only the outer one with mapping
#   annex           gw-annex in plain: two NATs, only the inner one with mapping
#   shed            gw-shed in plain: two NATs without mapping
#   deep            gw-cgn-home in cgn: a carrier's NAT, and a box that knows of it
#   naive           gw-cgn-naive in cgn: a carrier's NAT, and a box that maps its useless address
#   bare            gw-cgn-bare in cgn: a carrier's NAT, and a box without mapping
#   server2         nothing: it has a public address
#   firm            gw-firm: a firewall, which lets in what answers; public addresses, no NAT
FIRM=192.88.99   # once 6to4's (RFC 7526): 192.0.2.1 is nobody's address for an examination, and the others are taken
NETS+=("six     gw-six        lan0  192.168.25  24  six"
       "plain   gw-plain      lan0  192.168.21  24  zoo"
       "random  gw-random     lan0  192.168.22  24  zoo"
       "mute    gw-mute       lan0  192.168.23  24  zoo"
       "narrow  gw-narrow     lan0  192.168.32  24  zoo"
       "guests  gw-portal     lan0  192.168.24  24  zoo"
       "cellar  gw-cellar     lan0  192.168.26  24  zoo"
       "annex   gw-annex      lan0  192.168.27  24  zoo"
       "shed    gw-shed       lan0  192.168.28  24  zoo"
       "naive   gw-cgn-naive  lan0  192.168.29  24  zoo"
       "bare    gw-cgn-bare   lan0  192.168.31  24  zoo"
       "firm    gw-firm       lan0  $FIRM   24  zoo")
STUN5=192.168.21.1 STUN6=192.168.21.2   # in gw-plain, for gw-annex
STUN7=100.64.0.1   STUN8=100.64.0.2     # in gw-isp, for gw-cgn-naive
GATEWAYS+=("gw-six        pub2   65  $STUN1  six"
           "gw-plain      pub2   61  none    zoo"
           "gw-random     pub2   62  none    zoo"
           "gw-mute       pub2   63  none    zoo"
           "gw-narrow     pub2   66  none    zoo"
           "gw-portal     pub2   64  none    zoo"
           "gw-cellar     home   61  none    zoo"
           "gw-annex      plain  60  $STUN5  zoo"
           "gw-shed       plain  61  none    zoo"
           "gw-cgn-naive  cgn    62  $STUN7  zoo"
           "gw-cgn-bare   cgn    61  none    zoo"
           "gw-firm       pub2   67  none    zoo")
HOSTS+=("six     six     109  six"
        "plain   plain   105  zoo"
        "random  random  106  zoo"
        "mute    mute    107  zoo"
        "narrow  narrow  115  zoo"
        "guest   guests  108  zoo"
        "cellar  cellar  110  zoo"
        "annex   annex   111  zoo"
        "shed    shed    112  zoo"
        "naive   naive   113  zoo"
        "bare    bare    114  zoo"
        "firm    firm    117  zoo")

stun_addresses() { echo "$STUN1, $STUN2, $STUN3, $STUN4, $STUN5, $STUN6, $STUN7, $STUN8"; }
stun_start() { # TAG NODE ADDRESS OTHER-ADDRESS
  spawn "$1" "$2" stund -h "$3" -a "$4"
  wait_for 10 inns "$2" sh -c 'ss -lnu | grep -q :3478' || die "stund did not start, see $STATE/log/$1.log"
}
# zoo_up: what the kinds need beyond their place in the tables.
zoo_up() {
  if have_ns gw-six; then
    inns gw-six sysctl -qw net.ipv6.conf.all.forwarding=1
    nsip inet -6 route replace "$(net_v6 six)::/64" via "$(net_v6 pub2)::65"
  fi
  have_ns gw-plain || return 0
  nsip gw-plain addr replace $STUN6/24 dev lan0
  stun_start stund-plain gw-plain $STUN5 $STUN6
  nsip gw-isp addr replace $STUN8/10 dev lan0
  stun_start stund-isp gw-isp $STUN7 $STUN8
  cmd_nat gw-random symmetric
  cmd_nat gw-firm none
  nsip inet route replace "$FIRM.0/24" via 198.51.100.67
  cmd_block gw-mute all-udp
  cmd_block gw-narrow udp
  cmd_portal gw-portal 302
}

# rules GATEWAY NAME : an nftables table of that name on the gateway, from standard input; empty takes it away.
rules() {
  inns "$1" nft -f - <<NFT
table inet $2
delete table inet $2
$(cat)
NFT
}

# PCP and NAT-PMP share a port and one switch of miniupnpd. The first byte is the version: 2 is PCP, 0 is NAT-PMP.
# Neither a request nor an announcement (port 5350) of the other passes, as if nobody spoke it.
upnp_only() { # GATEWAY pcp|natpmp|igd|igd1|all
  local gw=$1 other=
  case $2 in
    pcp) other=0 ;;
    natpmp) other=2 ;;
    igd|igd1|all) ;;
    *) die "usage: lab.sh upnp GATEWAY only pcp|natpmp|igd|igd1" ;;
  esac
  if [[ $2 = all ]]; then rm -f "$STATE/upnp/$gw.only"; else echo "$2" > "$STATE/upnp/$gw.only"; fi
  { [[ -z $other ]] || cat <<NFT
table inet only {
  chain in  { type filter hook input  priority raw; udp dport 5351 @th,64,8 $other drop; }
  chain out { type filter hook output priority raw; udp dport 5350 @th,64,8 $other drop; }
}
NFT
  } | rules "$gw" only
}

# Answers of the mapping daemon (and to SSDP's searches) come from another port, or from another address of the gateway.
cmd_odd() { # GATEWAY port|address|off
  local gw=$1 set; need_gw "$gw"
  case $2 in
    port) set="udp sport set 50351" ;;
    address)
      set="ip saddr set $(nsip "$gw" -4 -o addr show dev lan0 | awk '{sub("[0-9]+/.*","9",$4); print $4; exit}')" ;;
    off) rules "$gw" odd < /dev/null; return ;;
    *) die "usage: lab.sh odd GATEWAY port|address|off" ;;
  esac
  rules "$gw" odd <<NFT
table inet odd {
  chain out { type filter hook output priority raw; oifname "lan0" udp sport { 5351, 1900 } notrack $set; }
}
NFT
}

# TCP passes in any case. "not-dns" looks into what goes to DNS's port: STUN's cookie is where DNS counts its records.
cmd_block() { # GATEWAY udp|not-dns|all-udp|off
  local gw=$1 which; need_gw "$gw"
  case $2 in
    udp) which="udp dport != 53" ;;
    not-dns) which='udp dport != 53 drop; iifname "lan0" udp dport 53 @th,96,32 0x2112a442' ;;
    all-udp) which="meta l4proto udp" ;;
    off) rules "$gw" block < /dev/null; return ;;
    *) die "usage: lab.sh block GATEWAY udp|not-dns|all-udp|off" ;;
  esac
  rules "$gw" block <<NFT
table inet block {
  chain forward { type filter hook forward priority filter - 5; iifname "lan0" $which drop; }
}
NFT
}

# What a person sets in the router's pages: a UDP port that is forwarded to a node, or all that nobody else is sent (an
# exposed host, "DMZ").
cmd_forward() { # GATEWAY PORT|all NODE | GATEWAY off
  local gw=$1 which; need_gw "$gw"
  case $2 in
    all) which="meta l4proto udp" ;;
    [1-9]*) which="udp dport $2" ;;
    off) rules "$gw" byhand < /dev/null; return ;;
    *) die "usage: lab.sh forward GATEWAY PORT|all NODE, or: lab.sh forward GATEWAY off" ;;
  esac
  rules "$gw" byhand <<NFT
table inet byhand {
  chain prerouting { type nat hook prerouting priority dstnat + 5; iifname "wan0" $which ct mark set 0x66 dnat ip to $(node_addr "$3"); }
}
NFT
}

# A captive portal before its user has signed in: HTTP to wherever is answered by the gateway, with a redirection (302)
# or as RFC 6585 has it (511); every name has the gateway's address; all else is dropped.
cmd_portal() { # GATEWAY 302|511|off
  local gw=$1; need_gw "$gw"
  reap "portal-$gw"
  case $2 in
    302|511) spawn "portal-$gw" "$gw" perl "$here/portal.pl" "$2" "$(nsip "$gw" -4 -o addr show dev lan0 | awk '{sub("/.*","",$4); print $4; exit}')" ;;
    off) rules "$gw" portal < /dev/null; return ;;
    *) die "usage: lab.sh portal GATEWAY 302|511|off" ;;
  esac
  rules "$gw" portal <<NFT
table inet portal {
  chain prerouting {
    type nat hook prerouting priority dstnat - 5
    iifname "lan0" meta nfproto ipv4 tcp dport 80 redirect to :8080
    iifname "lan0" meta nfproto ipv4 udp dport 53 redirect to :8053
  }
  chain forward { type filter hook forward priority filter - 5; iifname "lan0" drop; }
}
NFT
  wait_for 10 inns "$gw" sh -c 'ss -lnt | grep -q :8080' || die "the portal did not start, see $STATE/log/portal-$gw.log"
}
