# shellcheck shell=bash
#
# Part of lab.sh: BIND 9 and Knot with TSIG updates, for the zone members.example.net.

zone_text() { cat <<ZONE
\$ORIGIN $ZONE.
\$TTL 10
@       SOA ns.$ZONE. hostmaster.$ZONE. 1 3600 600 86400 10
@       NS  ns.$ZONE.
ns      A   203.0.113.53
alice   TXT "zone cut for alice"
_dns-llq._udp         SRV 0 0 5352 ns.$ZONE.
_dns-llq-tls._tcp     SRV 0 0 853  ns.$ZONE.
_dns-update._udp      SRV 0 0 53   ns.$ZONE.
_dns-update-tls._tcp  SRV 0 0 853  ns.$ZONE.
ZONE
}
dns_bind() { # NODE PORT
  local d=$STATE/bind
  check_pkgs bind9 bind9-dnsutils
  mkdir -p "$d/data"; zone_text > "$d/data/$ZONE.zone"; rm -f "$d/data/"*.jnl
  cat > "$d/named.conf" <<CONF
options {
  directory "$d/data"; pid-file "$d/named.pid"; session-keyfile "$d/session.key";
  listen-on port $2 { any; }; listen-on-v6 port $2 { any; };
  recursion no; allow-transfer { key "$TSIG_NAME"; }; dnssec-validation no; minimal-responses no;
  lock-file none;
};
controls {};
logging { channel err { stderr; severity ${LAB_DNS_LOG:-info}; print-time yes; }; category default { err; }; category update { err; }; category update-security { err; }; };
key "$TSIG_NAME" { algorithm hmac-sha256; secret "$TSIG_SECRET"; };
key "$MD5_NAME"  { algorithm hmac-md5;    secret "$MD5_SECRET"; };
zone "$ZONE" {
  type primary; file "$ZONE.zone";
  update-policy { grant "$TSIG_NAME" subdomain alice.$ZONE. ANY; grant "$MD5_NAME" subdomain alice.$ZONE. ANY; };
};
CONF
  # shellcheck disable=SC2086
  spawn named "$1" ${LAB_PIN:-} named -f -c "$d/named.conf" -u root ${LAB_NAMED_ARGS:-}
}
dns_knot() { # NODE PORT
  local d=$STATE/knot
  check_pkgs knot knot-dnsutils
  rm -rf "$d"; mkdir -p "$d/db" "$d/run"; zone_text > "$d/$ZONE.zone"
  cat > "$d/knot.conf" <<CONF
server:
    rundir: "$d/run"
    pidfile: "$d/knot.pid"
    listen: [ 0.0.0.0@$2, "::@$2" ]
${LAB_KNOT_SERVER:-}
log:
  - target: stderr
    any: ${LAB_DNS_LOG:-info}
database:
    storage: "$d/db"
key:
  - id: $TSIG_NAME.
    algorithm: hmac-sha256
    secret: $TSIG_SECRET
  - id: $MD5_NAME.
    algorithm: hmac-md5
    secret: $MD5_SECRET
acl:
  - id: alice
    key: [ $TSIG_NAME., $MD5_NAME. ]
    action: update
    update-owner: name
    update-owner-match: sub-or-equal
    update-owner-name: [ alice.$ZONE. ]
  - id: xfr
    key: $TSIG_NAME.
    action: transfer
zone:
  - domain: $ZONE
    storage: "$d"
    file: "$ZONE.zone"
    zonefile-load: difference-no-serial
    journal-content: all
    zonefile-sync: -1
    acl: [ alice, xfr ]
CONF
  # shellcheck disable=SC2086
  spawn knotd "$1" ${LAB_PIN:-} knotd -c "$d/knot.conf"
}
cmd_dns() { # bind|knot|stop|key [NODE [PORT]]
  local what=$1 node=${2:-dns} port=${3:-53}
  case $what in
    bind|knot)
      need_node "$node"; reap named; reap knotd
      "dns_$what" "$node" "$port"
      wait_for 10 inns "$node" dig +time=1 +tries=1 -p "$port" @127.0.0.1 "$ZONE" SOA +short \
        || die "$what did not answer, see $STATE/log/"
      note "$what serves $ZONE on $(node_addr "$node"):$port" ;;
    stop) reap named; reap knotd ;;
    key)  # as nsupdate -k and dig -k read it
      if [[ ${2:-} = md5 ]]; then echo "key \"$MD5_NAME\" { algorithm hmac-md5; secret \"$MD5_SECRET\"; };"
      else echo "key \"$TSIG_NAME\" { algorithm hmac-sha256; secret \"$TSIG_SECRET\"; };"; fi ;;
    *) die "usage: lab.sh dns bind|knot|stop|key [NODE [PORT]]" ;;
  esac
}

