using System.ComponentModel;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using Btmm.Core.Contracts;

namespace Btmm.Platform.Linux;

/// <summary>
/// Finds the default gateways in the main routing table, and who they are in the neighbour table, by rtnetlink in the network namespace of the calling thread.
/// Thread-safe, without state.
/// </summary>
public sealed class NetlinkGatewayFinder : IGatewayFinder
{
    private const int InterfaceNameLength = 16;

    /// <inheritdoc/>
    /// <exception cref="Win32Exception">The kernel gave no netlink socket.</exception>
    public GatewayRoute? FindDefault()
    {
        using RtnetlinkConnection connection = new();
        return Find(connection, AddressFamily.InterNetwork).FirstOrDefault();
    }

    /// <inheritdoc/>
    /// <exception cref="Win32Exception">The kernel gave no netlink socket.</exception>
    public GatewayRoute? FindDefaultV6()
    {
        using RtnetlinkConnection connection = new();
        return Find(connection, AddressFamily.InterNetworkV6).FirstOrDefault();
    }

    /// <inheritdoc/>
    /// <exception cref="Win32Exception">The kernel gave no netlink socket.</exception>
    public IReadOnlyList<GatewayRoute> FindAll()
    {
        using RtnetlinkConnection connection = new();
        return [.. Find(connection, AddressFamily.InterNetwork), .. Find(connection, AddressFamily.InterNetworkV6)];
    }

    /// <inheritdoc/>
    /// <remarks>Not known before Linux 5.0, and where the kernel gives no netlink socket.</remarks>
    public PhysicalAddress? FindLinkAddress(GatewayRoute route)
    {
        ArgumentNullException.ThrowIfNull(route);
        try
        {
            using RtnetlinkConnection connection = new();
            return FindLinkAddress(connection, route);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Whether a message is a default route of the main table that leads somewhere.</summary>
    internal static bool TryTakeDefault(ushort type, ReadOnlySpan<byte> payload, out RouteMessage route)
    {
        route = null!;
        return type == RtnetlinkRequest.NewRoute
            && RouteMessage.TryParse(payload, out route)
            && route is { Usable: true, DestinationLength: 0, Table: RouteMessage.MainTable, Hops.Count: > 0 };
    }

    /// <summary>The order in which the kernel would take them.</summary>
    internal static IEnumerable<RouteMessage> BestFirst(IEnumerable<RouteMessage> routes) =>
        routes.OrderBy(route => route.Metric).ThenByDescending(route => route.Preference);

    private static IEnumerable<GatewayRoute> Find(RtnetlinkConnection connection, AddressFamily family)
    {
        var routes = new List<RouteMessage>();
        connection.Exchange(RtnetlinkRequest.Routes(family), (type, payload) =>
        {
            if (TryTakeDefault(type, payload.Span, out RouteMessage route) && route.Family == family) routes.Add(route);
        });
        var sources = new SourceFinder(connection, family);
        return BestFirst(routes)
            .SelectMany(route => route.Hops.Select(hop => Describe(route, hop, sources)))
            .OfType<GatewayRoute>()
            .DistinctBy(route => (route.Gateway, route.InterfaceIndex));
    }

    private static PhysicalAddress? FindLinkAddress(RtnetlinkConnection connection, GatewayRoute route)
    {
        RtnetlinkRequest request = RtnetlinkRequest.Neighbour(route.Gateway.AddressFamily, route.InterfaceIndex)
            .Add(NeighbourMessage.AttributeDestination, route.Gateway.GetAddressBytes());
        PhysicalAddress? found = null;
        connection.Exchange(request, (type, payload) =>
        {
            if (type == RtnetlinkRequest.NewNeighbour) found = NeighbourMessage.ReadLinkAddress(payload.Span);
        });
        return found;
    }

    private static GatewayRoute? Describe(RouteMessage route, RouteHop hop, SourceFinder sources)
    {
        if (hop.InterfaceIndex <= 0 || InterfaceName(hop.InterfaceIndex) is not { } name) return null;
        if (sources.Towards(hop, route.PreferredSource) is not { } local) return null;

        // A link-local address means nothing without the link.
        IPAddress gateway = hop.Gateway.IsIPv6LinkLocal ? new IPAddress(hop.Gateway.GetAddressBytes(), hop.InterfaceIndex) : hop.Gateway;
        return new GatewayRoute(gateway, local, hop.InterfaceIndex, name);
    }

    private static unsafe string? InterfaceName(int index)
    {
        byte* name = stackalloc byte[InterfaceNameLength];
        if (RtnetlinkNative.InterfaceName((uint)index, name) == null) return null;
        ReadOnlySpan<byte> bytes = new(name, InterfaceNameLength);
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(bytes[..(end < 0 ? bytes.Length : end)]);
    }
}
