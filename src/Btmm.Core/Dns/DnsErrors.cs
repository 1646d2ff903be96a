using System.Globalization;
using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Dns;

/// <summary>Turns what DNS servers say into exceptions with a reason and a remedy.</summary>
internal static class DnsErrors
{
    public static BtmmException Timeout(IPEndPoint server)
        => Make(BtmmErrorReason.Timeout, server, null, $"The DNS server {server} did not answer.", "Check the server's address and that the network and firewalls let UDP and TCP to it through.");

    public static BtmmException Unreachable(IPEndPoint server, Exception cause)
        => Make(BtmmErrorReason.Unreachable, server, null, $"The DNS server {server} cannot be reached: {cause.Message}", "Check that the server runs and listens on this address and port, and that there is a route to it.", cause);

    public static BtmmException NotTls(IPEndPoint server)
        => Make(BtmmErrorReason.TlsUnavailable, server, null, $"The DNS server {server} is not known to speak TLS, and nothing else is allowed.", "Give the server's TLS port, or have the zone publish its TLS services.");

    public static BtmmException NoServers()
        => new(BtmmErrorReason.InvalidValue, "No DNS server was given.", "Name at least one server, or configure a resolver.");

    public static BtmmException Malformed(IPEndPoint server, string what)
        => Make(BtmmErrorReason.MalformedReply, server, null, $"The answer of the DNS server {server} is not acceptable: {what}.", "Check that a DNS server is listening there; if it is, its log may say more.");

    /// <summary>The exception for a response code other than success; <paramref name="subject"/> is a name or zone.</summary>
    public static BtmmException FromRcode(DnsRcode rcode, IPEndPoint server, DnsName subject)
    {
        (BtmmErrorReason reason, string message, string remedy) = rcode switch
        {
            DnsRcode.FormErr => (BtmmErrorReason.MalformedReply, $"did not understand the request about {subject} (FORMERR)", "Check that the server supports what is asked of it; its log may say more."),
            DnsRcode.ServFail => (BtmmErrorReason.ServerFailure, $"failed on {subject} (SERVFAIL)", "Look at the server's log."),
            DnsRcode.NXDomain => (BtmmErrorReason.NameNotFound, $"knows no name {subject} (NXDOMAIN)", "Check the spelling, and that the host has published its records."),
            DnsRcode.NotImp => (BtmmErrorReason.NotImplemented, $"does not implement the operation on {subject} (NOTIMP)", "Use a server that accepts RFC 2136 updates."),
            DnsRcode.Refused => (BtmmErrorReason.Refused, $"refuses the operation on {subject} (REFUSED)", "Check that the server's policy lets this key change or read this name."),
            DnsRcode.NotAuth => (BtmmErrorReason.OutOfZone, $"is no authority for {subject}, or does not let this key act there (NOTAUTH)", "Check the zone, the server, and which names the key may change."),
            DnsRcode.NotZone => (BtmmErrorReason.OutOfZone, $"says that a name lies outside the zone {subject} (NOTZONE)", "Use names below the zone's apex."),
            DnsRcode.YXDomain or DnsRcode.YXRRSet or DnsRcode.NXRRSet => (BtmmErrorReason.PrerequisiteFailed, $"found a prerequisite of the update of {subject} not fulfilled ({rcode})", "Somebody else may hold the name; look at the records that are there."),
            _ => (BtmmErrorReason.ServerFailure, $"answered {rcode} on {subject}", "Look at the server's log."),
        };
        return Make(reason, server, (int)rcode, $"The DNS server {server} {message}.", remedy);
    }

    /// <summary>The exception for a signature that the server, or this client, does not accept.</summary>
    public static BtmmException FromVerdict(TsigVerdict verdict, IPEndPoint server, TsigKey key, DateTimeOffset now)
    {
        TsigError error = verdict.Status switch
        {
            TsigStatus.RejectedByServer => verdict.ServerError,
            TsigStatus.BadKey => TsigError.BadKey,
            TsigStatus.BadSignature => TsigError.BadSig,
            TsigStatus.BadTime => TsigError.BadTime,
            TsigStatus.BadTruncation => TsigError.BadTrunc,
            _ => TsigError.None,
        };
        bool isServers = verdict.Status == TsigStatus.RejectedByServer;
        string who = isServers ? $"The DNS server {server} does not accept our signature" : $"The signature of the DNS server {server} is not acceptable";
        (BtmmErrorReason reason, string why, string remedy) = error switch
        {
            TsigError.BadKey => (BtmmErrorReason.TsigBadKey, $"it does not know the key {key} (BADKEY)", "Configure the key under the same name and algorithm on the server."),
            TsigError.BadSig => (BtmmErrorReason.TsigBadSignature, $"the secrets of the key {key} differ (BADSIG)", "Copy the key from the server again."),
            TsigError.BadTime => (BtmmErrorReason.TsigBadTime, $"the clocks differ too much{Difference(verdict, now)} (BADTIME)", "Set the clocks of both machines, for example with NTP."),
            TsigError.BadTrunc => (BtmmErrorReason.TsigBadTruncation, "the signature is shorter than it wants (BADTRUNC)", "Use the algorithm's full length."),
            _ => (BtmmErrorReason.MalformedReply, "there is none", "Configure the server to sign its answers (TSIG)."),
        };
        return Make(reason, server, error == TsigError.None ? null : (int)error, $"{who}: {why}.", remedy);
    }

    private static string Difference(TsigVerdict verdict, DateTimeOffset now)
        => verdict.ServerTime is { } time ? string.Create(CultureInfo.InvariantCulture, $": by {Math.Abs((time - now).TotalSeconds):0} s") : string.Empty;

    private static BtmmException Make(BtmmErrorReason reason, IPEndPoint server, int? code, string message, string remedy, Exception? cause = null)
        => new(reason, message, remedy, cause) { Endpoint = server, ProtocolCode = code };
}
