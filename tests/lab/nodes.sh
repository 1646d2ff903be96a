# shellcheck shell=bash
#
# nodes.sh - sourced by scripts that run btmmd in the lab: start it in a node's namespace, wait for its events, end it.
# The caller sets $work (a directory for logs), $daemon (btmmd) and exports LAB_PREFIX.

pids=()
declare -A pid_of

now() { date +%s%3N; }                                  # ms
in_ns() { ip netns exec "$LAB_PREFIX$1" "${@:2}"; }     # NODE COMMAND...

# start NODE TAG COMMAND...: in the background, output in $work/TAG.log and TAG.err.
start() {
  : > "$work/$2.log"
  ip netns exec "$LAB_PREFIX$1" "${@:3}" >"$work/$2.log" 2>"$work/$2.err" </dev/null &
  pids+=($!)
  pid_of[$2]=$!
}
# finish TAG: ends it by SIGTERM; its exit code.
finish() {
  kill -TERM "${pid_of[$1]}" 2>/dev/null || true
  wait "${pid_of[$1]}"
}
finish_all() {
  local pid
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  pids=()
}

# Events are JSON lines: see "btmmd --help".
member() { sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p"; }          # NAME: of the line on standard input
event() { grep "\"event\":\"$2\"" "$work/$1.log" | tail -n 1; }     # TAG NAME: the last such line
elapsed() { sed -n "/\"event\":\"$2\"/s/.*\"elapsed\":\([0-9.]*\).*/\1/p" "$work/$1.log" | head -n 1; }   # TAG NAME: seconds from start to the first
# await SECONDS TAG EVENT: waits for it; on failure shows the log's end and returns 1.
await() {
  local end=$((SECONDS + $1))
  until event "$2" "$3" | grep -q .; do
    if ((SECONDS >= end)); then
      printf '\n%s has not got to "%s" within %s s:\n' "$2" "$3" "$1" >&2
      tail -n 15 "$work/$2.log" "$work/$2.err" >&2
      return 1
    fi
    sleep 0.02
  done
}
# await_ping SECONDS NODE NAME: until NAME answers NODE's ping.
await_ping() {
  local end=$((SECONDS + $1))
  until in_ns "$2" ping -6 -c 1 -W 1 "$3" >/dev/null 2>&1; do
    ((SECONDS < end)) || { echo "$3 does not answer $2's ping" >&2; return 1; }
  done
}

# make_account DOMAIN SERVER HOST...: one account for all the hosts, each with its own copy, as a person would carry it:
# an encrypted file and a passphrase. The zone service takes the first host's.
make_account() {
  local domain=$1 server=$2 first=$3 host
  "$daemon" account new --domain "$domain" --out "$work/$first.account" --server "$server" >/dev/null
  head -c 18 /dev/urandom | base64 > "$work/passphrase"
  "$daemon" account export --account "$work/$first.account" --out "$work/sealed" --passphrase-file "$work/passphrase" >/dev/null
  for host in "${@:4}"; do
    "$daemon" account import --in "$work/sealed" --out "$work/$host.account" --passphrase-file "$work/passphrase" >/dev/null
  done
}
start_zone() { start dns zone "$daemon" zone --account "$work/$1.account" --listen 203.0.113.53 --json "${@:2}"; }   # HOST whose account, OPTIONS...
start_node() { start "$1" "$1" "$daemon" node --account "$work/$1.account" --host "$1" --state "$work/$1.state" --json; }   # HOST
