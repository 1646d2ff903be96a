using System.Net;
using System.Net.Sockets;

namespace Btmm.Platform.Linux;

/// <summary>Tells which of this host's addresses is used over a gateway. Not thread-safe; lives as long as its connection.</summary>
/// <param name="connection">Asks the kernel.</param>
/// <param name="family">The family of the addresses.</param>
internal sealed class SourceFinder(RtnetlinkConnection connection, AddressFamily family)
{
    private const ushort AttributeDestination = 1;
    private const ushort AttributeOutputInterface = 4;

    // Somewhere in the IPv6 internet, so that the kernel chooses a source for it (RFC 6724 §5); nothing is sent there.
    private static readonly IPAddress s_internet = IPAddress.Parse("2000::1");

    private List<AddressMessage>? _addresses;

    /// <summary>
    /// The source towards the gateway itself (IPv4) or towards the internet over it (IPv6, where the gateway is link-local and
    /// every host has several addresses); null when the host has none that will do.
    /// </summary>
    /// <param name="hop">The gateway.</param>
    /// <param name="preferred">What the route itself says, if it does.</param>
    internal IPAddress? Towards(RouteHop hop, IPAddress? preferred)
    {
        if (family == AddressFamily.InterNetwork) return preferred ?? AskKernel(hop.Gateway, hop.InterfaceIndex);
        _addresses ??= ReadAddresses();
        IPAddress? chosen = preferred ?? AskKernel(s_internet, hop.InterfaceIndex);
        return Choose(_addresses, chosen, hop.InterfaceIndex);
    }

    /// <summary>
    /// The kernel's choice if others can reach the host there for long; else the interface's first address of which that is true;
    /// else the kernel's choice if it is an internet address at all.
    /// </summary>
    internal static IPAddress? Choose(IReadOnlyList<AddressMessage> addresses, IPAddress? chosen, int interfaceIndex)
    {
        AddressMessage? mine = addresses.Where(a => a.Address.Equals(chosen)).Cast<AddressMessage?>().FirstOrDefault();
        if (mine is { IsGlobalUnicast: true, IsPreferred: true, IsTemporary: false }) return chosen;
        AddressMessage? better = addresses
            .Where(a => a.InterfaceIndex == interfaceIndex && a is { IsGlobalUnicast: true, IsPreferred: true })
            .OrderBy(a => a.IsTemporary)
            .Cast<AddressMessage?>()
            .FirstOrDefault();
        return better?.Address ?? (mine is { IsGlobalUnicast: true } ? chosen : null);
    }

    private List<AddressMessage> ReadAddresses()
    {
        var found = new List<AddressMessage>();
        connection.Exchange(RtnetlinkRequest.Addresses(family), (type, payload) =>
        {
            if (type == RtnetlinkRequest.NewAddress && AddressMessage.TryParse(payload.Span, out AddressMessage address)) found.Add(address);
        });
        return found;
    }

    private IPAddress? AskKernel(IPAddress destination, int interfaceIndex)
    {
        RtnetlinkRequest request = RtnetlinkRequest.RouteTo(destination)
            .Add(AttributeDestination, destination.GetAddressBytes())
            .Add(AttributeOutputInterface, (uint)interfaceIndex);
        IPAddress? source = null;
        connection.Exchange(request, (type, payload) =>
        {
            if (type == RtnetlinkRequest.NewRoute && RouteMessage.TryParse(payload.Span, out RouteMessage route)) source = route.PreferredSource;
        });
        return source;
    }
}
