# shellcheck shell=bash
#
# Part of lab.sh: proves that the network behaves as its header says.

cmd_selftest() {
  local fails=0
  t() { # DESCRIPTION CMD...
    local what=$1; shift
    if "$@" >"$STATE/selftest.out" 2>&1; then echo "ok    $what"; else echo "FAIL  $what"; fails=$((fails + 1)); sed 's/^/      /' "$STATE/selftest.out" | tail -5; fi
  }
  nope() { ! "$@"; }
  udp_in() { # HOST INTERNAL ADDRESS EXTERNAL : does a datagram from server2 arrive?
    local f=$STATE/selftest.udp; : > "$f"
    inns "$1" timeout 3 perl -MIO::Socket::INET -e 'my $s=IO::Socket::INET->new(LocalPort=>shift,Proto=>"udp") or die; $s->recv(my $b,99); print $b' "$2" > "$f" &
    local w=$!; sleep 0.4
    inns server2 perl -MIO::Socket::INET -e 'my $s=IO::Socket::INET->new(PeerAddr=>shift,PeerPort=>shift,Proto=>"udp"); for(1..3){$s->send("hello"); select undef,undef,undef,.1}' "$3" "$4"
    wait "$w" || true
    grep -q hello "$f"
  }
  t "studio reaches server through gw-home"    inns studio ping -qc1 -W2 203.0.113.50
  t "laptop reaches server through gw-cafe" inns laptop ping -qc1 -W2 203.0.113.50
  if have_ns deep; then t "deep reaches server through two NATs" inns deep ping -qc1 -W2 203.0.113.50; fi
  if have_ns attic; then t "attic reaches server through two NATs" inns attic ping -qc1 -W2 203.0.113.50; fi
  t "server cannot reach studio's LAN address" nope inns server ping -qc1 -W1 192.168.1.100
  t "no route out of inet"                  nope inns inet ping -qc1 -W1 8.8.8.8
  t "unsolicited UDP to gw-home is dropped" nope udp_in studio 4500 203.0.113.10 4500
  t "NAT-PMP maps 14500 -> studio 4500"        sh -c "ip netns exec ${PREFIX}studio natpmpc -a 14500 4500 udp 3600 | grep -q 'Mapped public port 14500'"
  t "... and UDP then arrives at studio"       udp_in studio 4500 "$(node_addr gw-home)" 14500
  t "NAT-PMP gives gw-home's address"       sh -c "ip netns exec ${PREFIX}studio natpmpc | grep -q 'Public IP address : $(node_addr gw-home)'"
  t "mini gets another port than studio"       sh -c "ip netns exec ${PREFIX}mini natpmpc -a 14500 4500 udp 3600 | grep 'Mapped public port' | grep -qv ' 14500 '"
  t "NAT-PMP deletes studio's mapping"         sh -c "ip netns exec ${PREFIX}studio natpmpc -a 0 4500 udp 0"
  t "... and UDP no longer arrives"         nope udp_in studio 4500 "$(node_addr gw-home)" 14500
  cmd_map studio 4500 14500 >/dev/null 2>&1 || true
  t "the daemon's restart keeps mappings"   sh -c "'$0' upnp gw-home restart && [ \$('$0' mappings gw-home | grep -c dnat) -gt 0 ]"
  t "reboot loses mappings"                 sh -c "'$0' reboot gw-home && [ \$('$0' mappings gw-home | grep -c dnat) = 0 ]"
  if have_ns gw-plain; then selftest_zoo; fi
  echo "$fails failed"; [[ $fails = 0 ]]
}

# Of the kinds of "up zoo". Uses what cmd_selftest defines.
selftest_zoo() {
  # asked HOST ADDRESS PORT VERSION : who answers a request for the external address, "address:port"; empty for nobody.
  asked() {
    inns "$1" timeout 2 perl -MIO::Socket::INET -e 'my $s=IO::Socket::INET->new(LocalPort=>0,Proto=>"udp") or die;
      $s->send(pack("CCx22", $ARGV[2], 0), 0, pack_sockaddr_in($ARGV[1], inet_aton($ARGV[0])));
      my $from=$s->recv(my $b,1100); my ($p,$a)=unpack_sockaddr_in($from); print inet_ntoa($a),":$p"' "${@:2}" || true
  }
  answers() { local a; a=$(asked "${@:2}"); echo "$2: $a"; [[ $a = "$1" ]]; }   # EXPECTED HOST ADDRESS PORT VERSION
  search() { inns "$1" timeout 2 perl -MIO::Socket::INET -e 'my $s=IO::Socket::INET->new(LocalPort=>0,Proto=>"udp") or die;
      $s->send("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: upnp:rootdevice\r\n\r\n",
        0, pack_sockaddr_in(1900, inet_aton("239.255.255.250")));
      $s->recv(my $b,1500); print $b' | tr -d '\r' | sed -n 's/^LOCATION: //p'; }
  fetch() { inns "$1" perl -MIO::Socket::INET -e 'my ($h,$p)=split ":",shift; my $s=IO::Socket::INET->new(PeerAddr=>$h,PeerPort=>$p,Proto=>"tcp",Timeout=>2) or exit 1;
      print $s "GET ".shift." HTTP/1.0\r\nHost: $h\r\n\r\n"; print while <$s>' "$2" "$3"; }
  describes() { # HOST VERSION
    local url; url=$(search "$1"); url=${url#http://}
    fetch "$1" "${url%%/*}" "/${url#*/}" | grep -q "InternetGatewayDevice:$2<"
  }
  sent_to_login() { fetch "$1" "$2" / | grep -q "Location: $3"; }   # HOST ADDRESS:PORT URL
  local lab=$here/lab.sh h
  for h in plain random mute narrow cellar annex shed naive bare six firm; do t "$h reaches server" inns "$h" ping -qc1 -W2 203.0.113.50; done
  "$lab" upnp gw-cafe only pcp
  t "pcp alone: answers PCP"             answers 10.0.1.1:5351 laptop 10.0.1.1 5351 2
  t "... not NAT-PMP"                    answers "" laptop 10.0.1.1 5351 0
  t "... nor SSDP"                       [ -z "$(search laptop)" ]
  "$lab" upnp gw-cafe only natpmp
  t "natpmp alone: answers NAT-PMP"      answers 10.0.1.1:5351 laptop 10.0.1.1 5351 0
  t "... not PCP"                        answers "" laptop 10.0.1.1 5351 2
  "$lab" odd gw-cafe port
  t "odd port: answers from it"          answers 10.0.1.1:50351 laptop 10.0.1.1 5351 0
  "$lab" odd gw-cafe address
  t "odd address: answers from it"       answers 10.0.1.9:5351 laptop 10.0.1.1 5351 0
  "$lab" odd gw-cafe off
  "$lab" upnp gw-cafe only igd1
  t "igd1 alone: describes a version 1"  describes laptop 1
  t "... not NAT-PMP"                    answers "" laptop 10.0.1.1 5351 0
  "$lab" upnp gw-cafe only igd
  t "igd alone: describes a version 2"   describes laptop 2
  "$lab" upnp gw-cafe on
  t "on: answers NAT-PMP again"          answers 10.0.1.1:5351 laptop 10.0.1.1 5351 0
  t "nobody maps for plain"              answers "" plain 192.168.21.1 5351 0
  t "annex's gateway maps"               answers 192.168.27.1:5351 annex 192.168.27.1 5351 0
  stun_from() { inns "$1" timeout 2 perl -MIO::Socket::INET -e 'my $s=IO::Socket::INET->new(LocalPort=>40001,Proto=>"udp") or die;
      $s->send(pack("n2 N a12", 1, 0, 0x2112A442, "x" x 12), 0, pack_sockaddr_in(3478, inet_aton($ARGV[0])));
      $s->recv(my $b,1100); print unpack("n", substr $b, 26, 2)' "$2" || true; }
  t "plain keeps its port"               [ "$(stun_from plain $STUN1)/$(stun_from plain $STUN2)" = 40001/40001 ]
  t "random does not"                    [ "$(stun_from random $STUN1)" != "$(stun_from random $STUN2)" ]
  t "mute sends no UDP"                  [ -z "$(stun_from mute $STUN1)" ]
  t "... nor does narrow"                [ -z "$(stun_from narrow $STUN1)" ]
  t "guest's HTTP is answered by the portal" sent_to_login guest 203.0.113.50:80 http://192.168.24.1:8080/login
  t "... and its ping by nobody"         nope inns guest ping -qc1 -W1 203.0.113.50
  t "six reaches server by IPv6"         inns six ping -6 -qc1 -W2 2001:db8:113::50
  t "... and server does not reach six"  nope inns server ping -6 -qc1 -W1 2001:db8:6::109
}

