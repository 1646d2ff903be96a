namespace Btmm.Interop.Tests;

/// <summary>A zone with every type that has a text form here, correct in the eyes of other servers.</summary>
internal static class ServerZoneText
{
    internal const string EveryType = """
        $TTL 1h
        @       SOA ns hostmaster ( 2999010101 1h 15m 1w 30 )
                NS ns
                NS ns.example.org.
                MX 10 mail
                CAA 0 issue "ca.example.net; policy=ev"
        mail    A 192.0.2.2
                AAAA 2001:db8::2
                RP admin.example.org. .
                AFSDB 1 mail
                SSHFP 4 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
                OPENPGPKEY AQID
        www     CNAME Mail
        *.wild  TXT "anything" "a \"b\" \\ \200"
        a\.b    PTR @
        _imap._tcp SRV 0 5 143 mail
        host    HINFO "x86 64" Linux
        host    KEY 512 3 13 ( AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/QA== )
        host    URI 10 1 "https://example.net/"
        host    SPF "v=spf1 -all"
        host    NAPTR 100 10 "U" "E2U+sip" "!^.*$!sip:info@example.net!" .
        sub     NS ns.sub
                DS 60485 5 1 ( 2BB183AF5F22588179A53B0A 98631FAD1A292118 )
        ns.sub  AAAA 2001:db8::1
        _443._tcp.mail TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        _smime  SMIMEA 3 0 0 aa
        raw     TYPE65280 \# 4 0a000001
        raw     TYPE65281 \# 0
        """;
}
