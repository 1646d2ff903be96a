using System.Net;
using Btmm.Core.Contracts;
using Btmm.Protocol.Dns;
using Btmm.Server.Hosting;
using Btmm.Server.Queries;

namespace Btmm.Server.Guards;

/// <summary>
/// Limits the answers to each network by kind, so that a flood of questions with a forged address does not become a flood of
/// answers. Allocates nothing; thread-safe.
/// </summary>
internal sealed class ResponseLimiter(RateLimit limit, ServiceClock clock, ServerMetrics metrics)
{
    // What of an address makes a network: its last bits are dropped.
    private const int Ipv4HostBits = 8;
    private const int Ipv6HostBits = 128 - 56;

    private const int StunKind = 1;

    private readonly RateTable _table = new();
    private readonly (UInt128 Base, UInt128 Mask)[] _exempt = [.. limit.Exempt.Select(ToMask)];
    private uint _limited;

    /// <summary>What becomes of an answer to a sender who has not proven his address.</summary>
    /// <param name="client">The sender.</param>
    /// <param name="name">The question's name in uncompressed wire form; empty without one.</param>
    /// <param name="type">The question's type.</param>
    /// <param name="answer">The answer.</param>
    internal RateDecision Decide(in PeerAddress client, ReadOnlySpan<byte> name, DnsType type, QueryAnswer answer)
    {
        if (MaySend(client, KindOf(name, type, answer)))
            return RateDecision.Send;
        return limit.Slip > 0 && Interlocked.Increment(ref _limited) % (uint)limit.Slip == 0 ? RateDecision.Slip : RateDecision.Drop;
    }

    /// <summary>Whether an answer of another protocol may be sent.</summary>
    /// <param name="client">The sender.</param>
    internal bool MaySendStun(in PeerAddress client) => MaySend(client, StunKind);

    private bool MaySend(in PeerAddress client, int kind)
    {
        if (IsExempt(client.Address))
            return true;
        UInt128 network = client.Address >> (client.IsIPv4 ? Ipv4HostBits : Ipv6HostBits);
        TimeSpan now = clock.Now;
        bool isWithin = IsWithin(limit.AnswersPerSecond, network, kind, now) && IsWithin(limit.AllPerSecond, network, 0, now);
        if (!isWithin)
            metrics.Add(ServerCount.ResponsesLimited);
        return isWithin;
    }

    private bool IsWithin(int rate, UInt128 network, int kind, TimeSpan now) =>
        rate <= 0 || _table.TryTake((uint)HashCode.Combine(network, kind), Math.Min(rate, RateTable.MaxRate), now);

    // Names that do not exist count together, since there are as many as an attacker likes; so do the names below a delegation.
    private static int KindOf(ReadOnlySpan<byte> name, DnsType type, QueryAnswer answer)
    {
        const int Positive = 1, NoData = 2, Referral = 3, NoName = 4, Error = 5;
        if (answer.Rcode == DnsRcode.NXDomain)
            return HashCode.Combine(NoName, NameOf(answer));
        if (answer.Rcode != DnsRcode.NoError || name.IsEmpty)
            return HashCode.Combine(Error, answer.Rcode);
        if (answer.Answers.Count > 0)
            return HashCode.Combine(Positive, DnsNameWire.GetHashCode(name), type);
        return answer.IsAuthoritative ? HashCode.Combine(NoData, DnsNameWire.GetHashCode(name)) : HashCode.Combine(Referral, NameOf(answer));
    }

    private static int NameOf(QueryAnswer answer) => answer.Authority.Count > 0 ? answer.Authority[0].Name.GetHashCode() : 0;

    private bool IsExempt(UInt128 address)
    {
        foreach ((UInt128 start, UInt128 mask) in _exempt)
        {
            if ((address & mask) == start)
                return true;
        }

        return false;
    }

    private static (UInt128 Base, UInt128 Mask) ToMask(IPNetwork network)
    {
        bool isIpv4 = network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork;
        int hostBits = (isIpv4 ? 32 : 128) - network.PrefixLength;
        UInt128 mask = hostBits == 128 ? UInt128.Zero : UInt128.MaxValue << hostBits;
        return (PeerAddress.From(new IPEndPoint(network.BaseAddress, 0)).Address & mask, mask);
    }
}
