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
  echo "$fails failed"; [[ $fails = 0 ]]
}

