using System.Net;
using System.Text;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Identity;

namespace Btmm.Core.Peers;

/// <summary>
/// Builds the update sections that publish and withdraw this host's records. Unique record sets are deleted and added in the same
/// message, the shared list only gains or loses our entry. Pure, immutable.
/// </summary>
public sealed class HostRecords
{
    /// <summary>TTL of names, addresses and ports: these change when the host moves.</summary>
    public const uint AddressTtl = 120;

    /// <summary>TTL of the description and of the list entry.</summary>
    public const uint StandardTtl = 4500;

    private readonly AutoTunnelNames _names;
    private readonly IPAddress _identifier;
    private readonly DeviceInfo _device;

    /// <summary>Describes the host.</summary>
    public HostRecords(AutoTunnelNames names, IPAddress identifier, DeviceInfo device)
    {
        _names = names;
        _identifier = identifier;
        _device = device;
    }

    /// <summary>The host's identifier.</summary>
    public IPAddress Identifier => _identifier;

    /// <summary>The names of the records.</summary>
    public AutoTunnelNames Names => _names;

    /// <summary>
    /// The update that makes the zone say where the host is. Without an endpoint SRV and A are withdrawn, so that nothing
    /// unreachable is published, and the rest stays.
    /// </summary>
    public IReadOnlyList<DnsRecord> Publish(IPEndPoint? endpoint)
    {
        List<DnsRecord> updates = [.. DeleteUnique()];
        updates.Add(Add(_names.HostName, AddressTtl, new AaaaData(_identifier)));
        updates.Add(Add(_names.TargetName, AddressTtl, new AaaaData(_identifier)));
        updates.Add(Add(_names.TargetName, StandardTtl, new TxtData([.. _device.ToStrings().Select(text => Encoding.UTF8.GetString(text.Span))])));
        if (endpoint is not null)
        {
            updates.Add(Add(_names.TargetName, AddressTtl, new AData(endpoint.Address)));
            updates.Add(Add(_names.ServiceName, AddressTtl, new SrvData(0, 0, (ushort)endpoint.Port, _names.TargetName)));
        }

        updates.Add(Add(_names.ListName, StandardTtl, new PtrData(_names.ServiceName)));
        return updates;
    }

    /// <summary>The update that removes everything <see cref="Publish"/> made.</summary>
    public IReadOnlyList<DnsRecord> Withdraw() =>
    [
        .. DeleteUnique(),
        new DnsRecord(_names.ListName, DnsType.PTR, DnsClass.NONE, 0, new PtrData(_names.ServiceName)),
    ];

    private IEnumerable<DnsRecord> DeleteUnique() =>
    [
        DeleteSet(_names.HostName, DnsType.AAAA),
        DeleteSet(_names.TargetName, DnsType.A),
        DeleteSet(_names.TargetName, DnsType.AAAA),
        DeleteSet(_names.TargetName, DnsType.TXT),
        DeleteSet(_names.ServiceName, DnsType.SRV),
    ];

    /// <summary>RFC 2136 §2.5.2: delete an RRset.</summary>
    private static DnsRecord DeleteSet(DnsName name, DnsType type) => new(name, type, DnsClass.ANY, 0, EmptyData.Instance);

    private static DnsRecord Add(DnsName name, uint ttl, DnsData data) => new(name, ttl, data);
}
