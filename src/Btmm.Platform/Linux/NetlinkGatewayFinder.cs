using System.ComponentModel;
using System.Net;
using Btmm.Core.Contracts;

namespace Btmm.Platform.Linux;

/// <summary>
/// Finds the default IPv4 gateway in the main routing table by rtnetlink, in the network namespace of the calling thread.
/// Thread-safe, without state.
/// </summary>
public sealed class NetlinkGatewayFinder : IGatewayFinder
{
    private const byte FamilyInet = 2;
    private const ushort AttributeDestination = 1;
    private const ushort AttributeOutputInterface = 4;

    /// <inheritdoc/>
    /// <exception cref="Win32Exception">The kernel gave no netlink socket.</exception>
    public GatewayRoute? FindDefault()
    {
        using RtnetlinkConnection connection = new();
        RouteMessage? best = null;
        RtnetlinkRequest dump = new(RtnetlinkRequest.GetRoute, RtnetlinkRequest.FlagDump, RoutePart(0));
        connection.Exchange(dump, (type, payload) => best = Better(best, type, payload.Span));
        if (best?.Gateway is null) return null;
        string? name = InterfaceName(best.InterfaceIndex);
        IPAddress? local = best.PreferredSource ?? SourceTowards(connection, best.Gateway, best.InterfaceIndex);
        return name is null || local is null ? null : new GatewayRoute(best.Gateway, local, best.InterfaceIndex, name);
    }

    /// <inheritdoc/>
    public GatewayRoute? FindDefaultV6() => null;

    /// <inheritdoc/>
    /// <exception cref="Win32Exception">The kernel gave no netlink socket.</exception>
    public IReadOnlyList<GatewayRoute> FindAll() => FindDefault() is { } only ? [only] : [];

    /// <summary>The better of the best default route so far and the one in a message, if it is one.</summary>
    internal static RouteMessage? Better(RouteMessage? best, ushort type, ReadOnlySpan<byte> payload)
    {
        if (type != RtnetlinkRequest.NewRoute || !RouteMessage.TryParse(payload, out RouteMessage route)) return best;
        bool candidate = route is { Usable: true, DestinationLength: 0, Table: RouteMessage.MainTable, Gateway: not null, InterfaceIndex: > 0 };
        return candidate && (best is null || route.Metric < best.Metric) ? route : best;
    }

    private static IPAddress? SourceTowards(RtnetlinkConnection connection, IPAddress gateway, int interfaceIndex)
    {
        RtnetlinkRequest request = new RtnetlinkRequest(RtnetlinkRequest.GetRoute, 0, RoutePart(32))
            .Add(AttributeDestination, gateway.GetAddressBytes())
            .Add(AttributeOutputInterface, (uint)interfaceIndex);
        IPAddress? source = null;
        connection.Exchange(request, (type, payload) =>
        {
            if (type == RtnetlinkRequest.NewRoute && RouteMessage.TryParse(payload.Span, out RouteMessage route))
                source = route.PreferredSource;
        });
        return source;
    }

    private static string? InterfaceName(int index)
    {
        Span<byte> name = stackalloc byte[16];
        name.Clear();
        unsafe
        {
            fixed (byte* bytes = name)
            {
                if (RtnetlinkNative.InterfaceName((uint)index, bytes) == null) return null;
            }
        }

        int end = name.IndexOf((byte)0);
        return System.Text.Encoding.UTF8.GetString(name[..(end < 0 ? name.Length : end)]);
    }

    /// <summary>struct rtmsg for IPv4.</summary>
    private static byte[] RoutePart(byte destinationLength)
    {
        byte[] part = new byte[12];
        part[0] = FamilyInet;
        part[1] = destinationLength;
        return part;
    }
}
