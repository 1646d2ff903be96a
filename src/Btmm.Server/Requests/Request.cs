using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Requests;

/// <summary>A request whose form and signature have been checked.</summary>
/// <param name="Message">The message.</param>
/// <param name="Edns">Its OPT record, or null.</param>
/// <param name="Key">The key that signed it, or null when it is not signed.</param>
/// <param name="Origin">Where it came from.</param>
/// <param name="Peer">The connection it came over; null for a datagram.</param>
internal sealed record Request(DnsMessage Message, EdnsInfo? Edns, TsigKey? Key, RequestOrigin Origin, IStreamPeer? Peer)
{
    /// <summary>The shortest answer: id, opcode and question of the request with a response code.</summary>
    /// <param name="rcode">The code.</param>
    /// <param name="why">Why it is no better one (RFC 8914); told to those that speak EDNS.</param>
    internal DnsMessage Reply(DnsRcode rcode, ExtendedDnsError? why = null) => Reply(Message, Edns, rcode, why);

    internal static DnsMessage Reply(DnsMessage message, EdnsInfo? edns, DnsRcode rcode, ExtendedDnsError? why = null) => new()
    {
        Id = message.Id,
        Flags = DnsFlags.Response | (message.Flags & DnsFlags.RecursionDesired),
        Opcode = message.Opcode,
        Rcode = (DnsRcode)((int)rcode & 0xF),
        Questions = message.Questions,
        Additional = edns is null ? [] : [MakeOpt(rcode, why is { } error ? [new ExtendedErrorOption(error)] : []).ToRecord()],
    };

    /// <summary>The OPT record of an answer, with the upper bits of the code and options.</summary>
    internal static EdnsInfo MakeOpt(DnsRcode rcode, params EdnsOption[] options) =>
        new(EdnsInfo.SafeUdpPayloadSize, options, ExtendedRcode: (byte)((int)rcode >> 4));
}
