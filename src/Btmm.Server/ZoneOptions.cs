using System.Net;
using Btmm.Core.Administration;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;

namespace Btmm.Server;

/// <summary>A zone to serve. Immutable.</summary>
public sealed record ZoneOptions
{
    /// <summary>The zone's name: not the root, and short enough for names below it (at most 200 bytes).</summary>
    public required DnsName Apex { get; init; }

    /// <summary>Who may read and change what in it. The keys stay their owner's.</summary>
    public required IReadOnlyList<ZoneKey> Keys { get; init; }

    /// <summary>Whether anybody may read all of it, as in ordinary DNS; else only holders of its keys may.</summary>
    public bool IsPublic { get; init; }

    /// <summary>
    /// Issues this server's certificate for TLS, when it has its private key; null for none. It stays its owner's.
    /// </summary>
    public AccountAuthority? Authority { get; init; }

    /// <summary>How much of the service it may use up.</summary>
    public ZoneQuota Quota { get; init; } = ZoneQuota.Default;

    /// <summary>
    /// Where a public zone may be transferred to without a key; nowhere unless given. Holders of keys with
    /// <see cref="ZoneAccess.Transfer"/> may transfer any zone from anywhere.
    /// </summary>
    public IReadOnlyList<IPNetwork> TransferNetworks { get; init; } = [];

    /// <summary>The secondary servers to tell of changes (RFC 1996).</summary>
    public IReadOnlyList<ZoneSecondary> Secondaries { get; init; } = [];

    /// <summary>Whether the name servers in the zone's own NS records are told as well, at port 53, without a key.</summary>
    public bool NotifiesNameServers { get; init; }

    /// <summary>The first label of this server's own name in the zone, 1 to 40 letters, digits and hyphens; no host can have it.</summary>
    public string ServerLabel { get; init; } = "ns";

    /// <summary>The zone of one account, which its key may read and change as a whole.</summary>
    public static ZoneOptions ForAccount(BtmmAccount account)
    {
        ArgumentNullException.ThrowIfNull(account);
        return new ZoneOptions { Apex = account.Domain, Keys = [new ZoneKey(account.UpdateKey, account.Domain)], Authority = account.Authority };
    }
}
