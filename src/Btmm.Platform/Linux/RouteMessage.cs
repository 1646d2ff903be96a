using System.Net;
using System.Net.Sockets;

namespace Btmm.Platform.Linux;

/// <summary>What matters of an IPv4 or IPv6 route in an RTM_NEWROUTE message. Immutable once read.</summary>
internal sealed class RouteMessage
{
    /// <summary>The main routing table.</summary>
    internal const uint MainTable = 254;

    // struct rtmsg: family 0, dst_len 1, src_len 2, tos 3, table 4, protocol 5, scope 6, type 7, flags 8..11
    private const int FixedLength = 12;
    private const byte FamilyInet = 2;
    private const byte FamilyInet6 = 10;
    private const byte TypeUnicast = 1;
    private const uint DeadOrLinkDown = 0x1 | 0x10;

    private const ushort AttributeOutputInterface = 4;
    private const ushort AttributeGateway = 5;
    private const ushort AttributePriority = 6;
    private const ushort AttributePreferredSource = 7;
    private const ushort AttributeMultipath = 9;
    private const ushort AttributeTable = 15;
    private const ushort AttributePreference = 20;

    // RTA_PREF carries the two bits of RFC 4191 §2.1.
    private const byte PreferenceHigh = 1;
    private const byte PreferenceLow = 3;

    // struct rtnexthop: length 0..1, flags 2, hops 3, ifindex 4..7, then attributes
    private const int NextHopLength = 8;

    private IPAddress? _gateway;
    private int _interfaceIndex;
    private List<RouteHop> _hops = [];

    private RouteMessage(AddressFamily family) => Family = family;

    /// <summary>InterNetwork or InterNetworkV6.</summary>
    internal AddressFamily Family { get; }

    /// <summary>The prefix length; 0 is a default route.</summary>
    internal byte DestinationLength { get; private set; }

    /// <summary>Whether it is a unicast route whose link has a carrier.</summary>
    internal bool Usable { get; private set; }

    /// <summary>The routing table's number.</summary>
    internal uint Table { get; private set; }

    /// <summary>The priority; lower wins.</summary>
    internal uint Metric { get; private set; }

    /// <summary>Among IPv6 routes of the same metric, what the router said of itself: 1 high, 0 medium, -1 low.</summary>
    internal int Preference { get; private set; }

    /// <summary>The source address that the route names or the kernel would choose, if it says.</summary>
    internal IPAddress? PreferredSource { get; private set; }

    /// <summary>The next hops that are alive, in the kernel's order: several for a multipath route, none for a route without a gateway.</summary>
    internal IReadOnlyList<RouteHop> Hops =>
        _hops.Count > 0 || _gateway is null ? _hops : [new RouteHop(_gateway, _interfaceIndex)];

    private int AddressLength => Family == AddressFamily.InterNetwork ? 4 : 16;

    /// <summary>Reads the payload of an RTM_NEWROUTE message; false when it is not a well-formed IPv4 or IPv6 route.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> payload, out RouteMessage route)
    {
        route = new RouteMessage(AddressFamily.Unspecified);
        if (payload.Length < FixedLength || payload[0] is not (FamilyInet or FamilyInet6)) return false;
        bool isV6 = payload[0] == FamilyInet6;
        if (payload[1] > (isV6 ? 128 : 32)) return false;
        route = new RouteMessage(isV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork)
        {
            DestinationLength = payload[1],
            Table = payload[4],
            Usable = payload[7] == TypeUnicast && (NetlinkAttributes.ReadUInt32(payload[8..]) & DeadOrLinkDown) == 0,
        };
        ReadOnlySpan<byte> rest = payload[FixedLength..];
        while (NetlinkAttributes.TryReadAttribute(ref rest, out ushort type, out ReadOnlySpan<byte> value)) route.Take(type, value);
        return true;
    }

    private void Take(ushort attribute, ReadOnlySpan<byte> value)
    {
        switch (attribute)
        {
            case AttributeMultipath: _hops = ReadHops(value); break;
            case AttributePreference when value.Length == 1: Preference = ToPreference(value[0]); break;
            case AttributeGateway when value.Length == AddressLength: _gateway = new IPAddress(value); break;
            case AttributePreferredSource when value.Length == AddressLength: PreferredSource = new IPAddress(value); break;
            case AttributeOutputInterface when value.Length == 4: _interfaceIndex = (int)NetlinkAttributes.ReadUInt32(value); break;
            case AttributePriority when value.Length == 4: Metric = NetlinkAttributes.ReadUInt32(value); break;
            case AttributeTable when value.Length == 4: Table = NetlinkAttributes.ReadUInt32(value); break;
        }
    }

    /// <summary>The usable next hops of a multipath route.</summary>
    private List<RouteHop> ReadHops(ReadOnlySpan<byte> hops)
    {
        var found = new List<RouteHop>();
        while (hops.Length >= NextHopLength)
        {
            int length = NetlinkAttributes.ReadUInt16(hops);
            if (length < NextHopLength || length > hops.Length) break;
            if ((hops[2] & DeadOrLinkDown) == 0
                && NetlinkAttributes.TryFind(hops[..length], NextHopLength, AttributeGateway, out ReadOnlySpan<byte> gateway)
                && gateway.Length == AddressLength)
            {
                found.Add(new RouteHop(new IPAddress(gateway), (int)NetlinkAttributes.ReadUInt32(hops[4..])));
            }

            hops = hops[Math.Min(hops.Length, (length + 3) & ~3)..];
        }

        return found;
    }

    private static int ToPreference(byte bits) => (bits & 3) switch
    {
        PreferenceHigh => 1,
        PreferenceLow => -1,
        _ => 0,
    };
}
