using System.Net;

namespace Btmm.Server;

/// <summary>
/// How many answers one network may get over UDP, so that the service is of no use for flooding others by forged addresses. A
/// network is the first 24 bits of an IPv4 address or 56 of an IPv6 address. Who has proven that the address is his own is not
/// limited: by a valid cookie (RFC 7873), by a signature, or by TCP and TLS. Immutable.
/// </summary>
public sealed record RateLimit
{
    /// <summary>
    /// Answers of one kind a second: the same record set, no such name in a zone, the same referral, the same error. 100 unless
    /// given, which a resolver that keeps answers never needs; 0 for no limit, at most 50,000.
    /// </summary>
    public int AnswersPerSecond { get; init; } = 100;

    /// <summary>Answers of all kinds a second, 2,000 unless given; 0 for no limit, at most 50,000.</summary>
    public int AllPerSecond { get; init; } = 2000;

    /// <summary>
    /// Every how manieth answer over the limit is sent after all, without records and with TC or BADCOOKIE, so that a real client
    /// finds a way; the others are not sent. 2 unless given; 0 for none.
    /// </summary>
    public int Slip { get; init; } = 2;

    /// <summary>Networks that are not limited; the machine itself unless given.</summary>
    public IReadOnlyList<IPNetwork> Exempt { get; init; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];
}
