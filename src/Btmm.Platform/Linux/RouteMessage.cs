using System.Net;

namespace Btmm.Platform.Linux;

/// <summary>What matters of an IPv4 route in an RTM_NEWROUTE message.</summary>
/// <param name="DestinationLength">The prefix length; 0 is a default route.</param>
/// <param name="Table">The routing table's number.</param>
/// <param name="Metric">The priority; lower wins.</param>
/// <param name="InterfaceIndex">The output interface, 0 when not given.</param>
/// <param name="Gateway">The next hop, if any.</param>
/// <param name="PreferredSource">The source address that the kernel would choose, if it says.</param>
/// <param name="Usable">Whether it is a unicast route whose link has a carrier.</param>
internal sealed record RouteMessage(
    byte DestinationLength,
    uint Table,
    uint Metric,
    int InterfaceIndex,
    IPAddress? Gateway,
    IPAddress? PreferredSource,
    bool Usable)
{
    /// <summary>The main routing table.</summary>
    internal const uint MainTable = 254;

    // struct rtmsg: family 0, dst_len 1, src_len 2, tos 3, table 4, protocol 5, scope 6, type 7, flags 8..11
    private const int FixedLength = 12;
    private const byte FamilyInet = 2;
    private const byte TypeUnicast = 1;
    private const uint DeadOrLinkDown = 0x1 | 0x10;

    private const ushort AttributeOutputInterface = 4;
    private const ushort AttributeGateway = 5;
    private const ushort AttributePriority = 6;
    private const ushort AttributePreferredSource = 7;
    private const ushort AttributeMultipath = 9;
    private const ushort AttributeTable = 15;

    // struct rtnexthop: length 0..1, flags 2, hops 3, ifindex 4..7, then attributes
    private const int NextHopLength = 8;

    /// <summary>Reads the payload of an RTM_NEWROUTE message; false when it is not a well-formed IPv4 route.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> payload, out RouteMessage route)
    {
        route = new RouteMessage(0, 0, 0, 0, null, null, Usable: false);
        if (payload.Length < FixedLength || payload[0] != FamilyInet || payload[1] > 32) return false;
        route = route with
        {
            DestinationLength = payload[1],
            Table = payload[4],
            Usable = payload[7] == TypeUnicast && (NetlinkAttributes.ReadUInt32(payload[8..]) & DeadOrLinkDown) == 0,
        };
        ReadOnlySpan<byte> rest = payload[FixedLength..];
        while (NetlinkAttributes.TryReadAttribute(ref rest, out ushort type, out ReadOnlySpan<byte> value))
            route = route.With(type, value);
        return true;
    }

    private RouteMessage With(ushort attribute, ReadOnlySpan<byte> value) => attribute switch
    {
        AttributeMultipath => WithFirstHop(value),
        _ when value.Length != 4 => this,
        AttributeOutputInterface => this with { InterfaceIndex = (int)NetlinkAttributes.ReadUInt32(value) },
        AttributeGateway => this with { Gateway = new IPAddress(value) },
        AttributePriority => this with { Metric = NetlinkAttributes.ReadUInt32(value) },
        AttributePreferredSource => this with { PreferredSource = new IPAddress(value) },
        AttributeTable => this with { Table = NetlinkAttributes.ReadUInt32(value) },
        _ => this,
    };

    /// <summary>The first usable next hop of a multipath route.</summary>
    private RouteMessage WithFirstHop(ReadOnlySpan<byte> hops)
    {
        while (hops.Length >= NextHopLength)
        {
            int length = NetlinkAttributes.ReadUInt16(hops);
            if (length < NextHopLength || length > hops.Length) return this;
            if ((hops[2] & DeadOrLinkDown) == 0
                && NetlinkAttributes.TryFind(hops[..length], NextHopLength, AttributeGateway, out ReadOnlySpan<byte> gateway)
                && gateway.Length == 4)
            {
                int index = (int)NetlinkAttributes.ReadUInt32(hops[4..]);
                return this with { InterfaceIndex = index, Gateway = new IPAddress(gateway) };
            }

            hops = hops[Math.Min(hops.Length, (length + 3) & ~3)..];
        }

        return this;
    }
}
