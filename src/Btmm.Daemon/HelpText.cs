namespace Btmm.Daemon;

/// <summary>What <c>btmmd --help</c> prints.</summary>
internal static class HelpText
{
    internal const string Text = """
        btmmd - runs a Btmm node or zone service without PowerShell

        btmmd node --account FILE --host LABEL [options]
            Makes this machine reachable under LABEL in the account's domain and keeps tunnels to the account's
            other hosts, until SIGTERM or Ctrl-C. Needs root (CAP_NET_ADMIN and /dev/net/tun).
              --account FILE      the account (see "btmmd account")
              --host LABEL        this host's label: letters, digits, hyphens
              --state DIR         journal, mappings, port, identifier, cache (default /var/lib/btmm/<domain>)
              --server HOST[:PORT]  the zone service, instead of the account's or of discovery; may be repeated
              --port N            UDP port (default: the last one; a random one at the first start)
              --mapping HOW       ask the router by pcp, nat-pmp or igd (UPnP) only, or by two, as pcp,nat-pmp
                                  (default auto: whichever it speaks)
              --endpoint ADDRESS:PORT  where others reach this host by a forwarding made by hand (with --port: the port
                                  that it leads to); ":PORT" when the address changes, "ADDRESS" or "auto" for the
                                  exposed host (DMZ) of an outer router. What is left out is found out: the address by
                                  STUN. For a host that stays where it is
              --stun-server HOST[:PORT]  a STUN server with an IPv4 address to ask beside the zone service, which need
                                  not be Btmm's own and answer STUN (default port 3478); may be repeated
              --interface NAME    tunnel interface (default btmm%d)
              --mtu N             tunnel MTU, 1280 to 1500 (default 1280)
              --lease TIME        lease of this host's records, 30m to 2h (default 90m)
              --hosts FILE        hosts file to keep peers' names in (default /etc/hosts)
              --no-hosts          leave the hosts file alone
              --on-demand         build a tunnel for the first packet only, not as soon as a peer is seen

        btmmd zone [--account FILE]... --listen ADDRESS[:PORT]... [options]
            Serves the accounts' domains, and the zones that its store's catalog holds: queries, updates with leases,
            long-lived queries, push notifications, zone transfers.
              --account FILE      an account; may be repeated; none is needed with --store
              --listen ADDRESS[:PORT]  UDP and TCP (default port 53); may be repeated
              --tls ADDRESS[:PORT]     TLS (default port 853); may be repeated
              --certificate FILE  PEM or PFX; without it the account's own authority issues one
              --certificate-key FILE   PEM with the private key, when it is not in the certificate's file
              --certificate-password-file FILE  its first line opens the PFX file or the key
              --llq ADDRESS[:PORT]     further UDP endpoints for long-lived queries (default port 5352); may be repeated
              --stun ADDRESS[:PORT]    further UDP endpoints for STUN (default port 3478); two that differ in address and
                                  port let hosts find out what kind of NAT they are behind (RFC 5780)
              --address ADDRESS   published address of this server, when it is not a --listen one; may be repeated
              --store FILE        keep the records in this file (made when missing; one server at a time), so that
                                  what was acknowledged outlives a crash; without it they live in memory
              --store postgres://USER@HOST[:PORT]/DATABASE  or 'Host=...;Database=...;Username=...': keep them in a
                                  PostgreSQL database, which several servers can share; its password comes from the
                                  file that PGPASSFILE names, or ~/.pgpass, never from the command line
              --store @FILE       what the first line of this file says; there a password may stand
              --label LABEL       this server's own name in the zones (default ns); servers with one database need
                                  one each
              --key-file FILE     seals the secrets in the store; made at first use, mode 0600; servers with one database
                                  need the same (default: the store's name with .key, or zone.key beside the default
                                  control socket)
              --control PATH      a control socket for this user and root (cmdlets: -ControlPath; they look at
                                  /var/lib/btmm/zone.sock by themselves): status, zones, keys, zone files
              --max-records N     in each account's zone; an update that would make it more is answered REFUSED
                                  (default 100000)
              --updates-per-minute N   for each account's zone; more are answered REFUSED (default: no limit)
              --public            let anybody read the zones, as in ordinary DNS; else only the accounts' keys may
              --rate-limit N      answers of one kind a second over UDP to one network whose address is not proven
                                  by a cookie or a signature (default 100, and twenty times as many of all kinds;
                                  this machine itself is never limited); 0 for no limit
              --workers N         threads that answer at each UDP endpoint (default: one for each processor)

        btmmd account new --domain NAME --out FILE [--server HOST[:PORT]]... [--tls preferred|required|off]
                          [--tls-port N] [--public-certificate]
        btmmd account export --account FILE --out FILE [--passphrase-file FILE] [--with-authority-key]
        btmmd account import --in FILE --out FILE [--passphrase-file FILE]
        btmmd account show --account FILE
        btmmd account authority --account FILE [--new]
            Makes an account with new keys; writes it encrypted for another host; reads such a file; shows it
            without its keys; prints the certificate (PEM) of the authority by which the account's TLS servers are
            believed, or gives one to an account from before there were any.
            A passphrase is the first line of its file, or of standard input; never an argument.
              --tls WHAT          preferred: where the server offers it, and then nothing else (the default);
                                  required: nothing is said without it; off
              --tls-port N        the servers' TLS port, when their zone does not tell it
              --public-certificate  the servers' certificates are from public authorities, not from the account's own
              --with-authority-key  the other host gets the authority's private key too, as a zone server needs it

        Common options
          --json     print events (or "show") as one JSON object per line
          --help     this text
          --version  the version

        Events of "node" are one line each on standard output:
            <seconds since start> <event> <message>
        and with --json one object each, with these members (the last six where they apply):
            at, elapsed, event, message, peer, identifier, endpoint, reason, remedy, interface
        and gateway-examined with these as well:
            verdict    DirectPublic, SingleNat, DoubleNat, Cgnat, SymmetricNat, NoMapping, UdpBlocked, CaptivePortal, Unknown
            reachable  whether others can reach this host, as far as the examination tells
            box        the box that it is about; inner: this network's gateway; outer: a second NAT. Objects with role and
                       address, left out where there is none
            evidence   who answered what: an array of objects with step, who, answer, milliseconds
        Events: started, recovered, network-changed, mapping-ready, mapping-lost, gateway-examined, gateway-answer-refused,
            published, renewed, withdrawn, zone-reachable, zone-watched, zone-unreachable, peer-seen, peer-changed, peer-gone,
            tunnel-connecting, tunnel-up, tunnel-moved, tunnel-rekeyed, tunnel-unresponsive, tunnel-down, problem, stopping, stopped.
        Events of "zone": zone-started (with endpoints, tls, control), store-failed, store-recovered, stopping, stopped.
        Under systemd with Type=notify, "zone" tells when it is ready and when it stops.

        Exit codes: 0 done or stopped cleanly, 1 failed, 2 wrong usage, 3 account file, passphrase or key file, 4 not permitted,
            5 port, name or state directory in use.
        """;
}
