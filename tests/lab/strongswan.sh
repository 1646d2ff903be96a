# shellcheck shell=bash
#
# Part of lab.sh: charon-systemd with kernel-libipsec (ESP in user space over UDP and a TUN device), one
# instance per host, each with its own vici socket.

ss_dir() { echo "$STATE/strongswan/$1"; }
ss_ctl() { # HOST swanctl-arguments
  local h=$1; shift
  local c=$1; shift
  SWANCTL_DIR=$(ss_dir "$h") STRONGSWAN_CONF=$(ss_dir "$h")/strongswan.conf \
    inns "$h" swanctl "$c" --uri "unix://$(ss_dir "$h")/charon.vici" "$@"
}
ss_start() { # HOST
  local h=$1 d; d=$(ss_dir "$h")
  check_pkgs "${PKGS_IPSEC[@]}"
  mkdir -p "$d"/{conf.d,x509,x509ca,x509ocsp,x509aa,x509ac,x509crl,private,pubkey,rsa,ecdsa,bliss,pkcs8,pkcs12}
  cat > "$d/strongswan.conf" <<CONF
# kernel-libipsec must come before kernel-netlink; libipsec has no extended sequence numbers (ESN)
charon-systemd {
  load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey constraints revocation curve25519 hmac kdf gcm aes sha1 sha2 chapoly ctr ccm kernel-libipsec kernel-netlink socket-default vici updown
  install_routes = yes
  retransmit_tries = ${LAB_RETRANSMIT_TRIES:-5}
  retransmit_timeout = ${LAB_RETRANSMIT_TIMEOUT:-2.0}
  filelog {
    log { path = $d/charon.log
          flush_line = yes
          time_format = %H:%M:%S
          time_add_ms = yes
          default = 1
          ike = 2
          cfg = 2
          esp = 1
          knl = 1 }
  }
  plugins {
    vici { socket = unix://$d/charon.vici }
    kernel-libipsec { allow_peer_ts = no }
  }
}
libtls {}
swanctl { load = random openssl pem pkcs1 pkcs8 x509 pubkey }
CONF
  [[ -e $d/swanctl.conf ]] || echo 'include conf.d/*.conf' > "$d/swanctl.conf"
  rm -f "$d/charon.log" "$d/charon.vici"
  # the traffic selector's address must exist on the host for routes to be made
  nsip "$h" addr replace "$(ula "$h")/128" dev lo
  # shellcheck disable=SC2086
  STRONGSWAN_CONF=$d/strongswan.conf spawn "charon-$h" "$h" env STRONGSWAN_CONF="$d/strongswan.conf" SWANCTL_DIR="$d" ${LAB_PIN:-} charon-systemd
  wait_for 10 test -S "$d/charon.vici" || die "charon on $h did not start, see $STATE/log/charon-$h.log"
  wait_for 5 ss_ctl "$h" --stats || true
}
ss_pki() { # one CA for the lab and a certificate per host (ECDSA P-256, or LAB_PKI=rsa)
  local h=$1 d ca=$STATE/strongswan/ca t=${LAB_PKI:-ecdsa} s=256
  [[ $t = rsa ]] && s=2048
  d=$(ss_dir "$h"); mkdir -p "$ca" "$d"/{x509,x509ca,private}
  # without this, pki(1) tries every plugin, and complains of the absent TPM
  echo 'pki { load = random openssl pem pkcs1 pkcs8 x509 pubkey revocation }' > "$ca/pki.conf"
  local -x STRONGSWAN_CONF=$ca/pki.conf
  if [[ ! -e $ca/ca.crt ]]; then
    pki --gen --type "$t" --size "$s" --outform pem > "$ca/ca.key"
    pki --self --ca --lifetime 3650 --in "$ca/ca.key" --dn "CN=btmm lab CA" --outform pem > "$ca/ca.crt"
  fi
  if [[ ! -e $d/x509/$h.crt ]]; then
    pki --gen --type "$t" --size "$s" --outform pem > "$d/private/$h.key"
    pki --pub --in "$d/private/$h.key" | pki --issue --lifetime 825 --cacert "$ca/ca.crt" --cakey "$ca/ca.key" \
      --dn "CN=$h.alice.$ZONE" --san "$h.alice.$ZONE" --flag serverAuth --outform pem > "$d/x509/$h.crt"
  fi
  cp "$ca/ca.crt" "$d/x509ca/"
}
# A connection between two hosts' ULAs.  The peer's address may be "%any" (wait
# for it to call) or ADDRESS[:PORT], PORT being the mapped external port.
ss_conf() { # HOST PEER psk|cert PEER-ADDRESS[:PORT]
  local h=$1 p=$2 auth=$3 at=$4 d addr port=
  d=$(ss_dir "$h")
  addr=${at%%:*}; [[ $at = *:* ]] && port=${at##*:}
  { cat <<CONF
connections {
  $p {
    version = 2
    local_addrs = %any
    local_port = 4500
    remote_addrs = $addr
    ${port:+remote_port = $port}
    encap = yes
    mobike = ${LAB_MOBIKE:-yes}
    proposals = ${LAB_IKE:-aes128gcm16-prfsha256-ecp256,aes256gcm16-prfsha384-ecp384,aes128-sha256-modp2048}
    dpd_delay = ${LAB_DPD:-30s}
    local {
      auth = $( [[ $auth = psk ]] && echo psk || echo pubkey )
      id = $h.alice.$ZONE
$( [[ $auth = psk ]] || echo "      certs = $h.crt" )
    }
    remote {
      auth = $( [[ $auth = psk ]] && echo psk || echo pubkey )
      id = $p.alice.$ZONE
    }
    children {
      $p {
        local_ts  = $(ula "$h")/128
        remote_ts = $(ula "$p")/128
        mode = tunnel
        esp_proposals = ${LAB_ESP:-aes128gcm16,aes256gcm16,chacha20poly1305,aes128-sha256}
        start_action = none
        dpd_action = clear
      }
    }
  }
}
secrets {
  ike-$p {
    id-1 = $h.alice.$ZONE
    id-2 = $p.alice.$ZONE
    secret = "btmm lab shared secret"
  }
}
CONF
  } | sed '/^ *$/d' > "$d/conf.d/$p.conf"
}
cmd_strongswan() {
  local h=${1:-} act=${2:-}
  [[ -n $act ]] || die "usage: lab.sh strongswan HOST start|stop|load|log|swanctl|peer|initiate|terminate ..."
  need_node "$h"; shift 2
  case $act in
    start) ss_start "$h" ;;
    stop)  reap "charon-$h"; nsip "$h" addr del "$(ula "$h")/128" dev lo 2>/dev/null || true ;;
    peer)  # PEER psk|cert [ADDRESS[:PORT]]
      alive "charon-$h" || ss_start "$h"
      [[ $2 = cert ]] && ss_pki "$h"
      ss_conf "$h" "$1" "$2" "${3:-%any}"
      ss_ctl "$h" --load-all >/dev/null ;;
    load)  ss_ctl "$h" --load-all "$@" ;;
    initiate)  ss_ctl "$h" --initiate --child "$1" --timeout "${2:-20}" ;;
    terminate) ss_ctl "$h" --terminate --ike "$1" ;;
    sas)   ss_ctl "$h" --list-sas ;;
    log)   cat "$(ss_dir "$h")/charon.log" ;;
    swanctl) ss_ctl "$h" "$@" ;;
    *) die "strongswan: unknown action $act" ;;
  esac
}

