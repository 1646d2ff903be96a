using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Platform.Linux;
using Btmm.Platform.Sockets;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>This host's gateways, and how they are talked to.</summary>
internal static class Gateways
{
    // Any port will do: nothing is sent to it.
    private const int DiscardPort = 9;

    // What the protocols' patience is chosen by.
    private static readonly TimeSpan s_brisk = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan s_thorough = TimeSpan.FromSeconds(128);

    // Opened when first needed; a failure is not kept.
    private static readonly Lazy<MappingMemory> s_memory = new(
        static () => MappingMemory.Open(MemoryPath(), SystemRandomSource.Instance, TimeProvider.System), LazyThreadSafetyMode.PublicationOnly);

    /// <summary>This host's routing table.</summary>
    /// <exception cref="BtmmException">NotImplemented: not on this system.</exception>
    public static IGatewayFinder Finder => OperatingSystem.IsLinux()
        ? new NetlinkGatewayFinder()
        : throw new BtmmException(BtmmErrorReason.NotImplemented, "The gateway is found on Linux only, so far.", "Name it to New-NatPmpMapping by -Gateway.");

    /// <summary>Finds the routers on the way.</summary>
    public static IHopFinder Hops => OperatingSystem.IsLinux() ? new LinuxHopFinder() : new PingHopFinder();

    /// <summary>The route to the default gateway, of IPv6 where there is none of IPv4.</summary>
    /// <exception cref="BtmmException">NoGateway: there is none. NotImplemented: not on this system.</exception>
    public static GatewayRoute FindDefault() => Finder.FindDefault() ?? Finder.FindDefaultV6() ?? throw NoGateway();

    /// <summary>The routes to all gateways, best first.</summary>
    /// <exception cref="BtmmException">NoGateway: there is none. NotImplemented: not on this system.</exception>
    public static IReadOnlyList<GatewayRoute> FindAll() => Finder.FindAll() is { Count: > 0 } routes ? routes : throw NoGateway();

    /// <summary>The route to a gateway that the user named.</summary>
    /// <exception cref="BtmmException">Unreachable: this host has no way to it.</exception>
    public static GatewayRoute RouteTo(IPAddress gateway)
    {
        if (OperatingSystem.IsLinux() && FindKnown(gateway) is { } known) return known;
        try
        {
            using Socket socket = new(gateway.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(gateway, DiscardPort);
            IPAddress local = socket.LocalEndPoint is IPEndPoint end ? end.Address : IPAddress.Any;
            NetworkInterface? link = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(l => HasAddress(l, local));
            return new GatewayRoute(gateway, local, link is null ? 0 : IndexOf(link, gateway.AddressFamily), link?.Name ?? string.Empty);
        }
        catch (SocketException e)
        {
            throw new BtmmException(BtmmErrorReason.Unreachable, $"There is no way to {gateway}: {e.Message}", "Check the gateway's address and this host's network.", e);
        }
    }

    /// <summary>What this user's sessions remember of their mappings, in a file that all of them share.</summary>
    /// <exception cref="BtmmException">StateDirectoryInvalid: the file cannot be read.</exception>
    public static IMappingMemory Memory => s_memory.Value;

    /// <summary>Opens a mapper; the caller disposes it.</summary>
    /// <param name="route">The way to the gateway.</param>
    /// <param name="method">The protocol; null for the best one that the gateway speaks.</param>
    /// <param name="memory">Remembers the mappings; null for <see cref="Memory"/>.</param>
    /// <exception cref="BtmmException">PortMappingUnsupported: such a gateway cannot be asked so.</exception>
    public static IPortMapper Open(GatewayRoute route, PortMappingMethod? method, IMappingMemory? memory = null)
    {
        if (method is null || MethodsFor(route).Contains(method.Value)) return new PortMapperFactory(Services(memory ?? Memory), method).Open(route);
        throw new BtmmException(BtmmErrorReason.PortMappingUnsupported, $"The IPv6 gateway {route.Gateway} cannot be asked by {PortMappingNames.Of(method.Value)}.", "Use PCP: -Method Auto or Pcp.");
    }

    /// <summary>The protocols that can be spoken with a gateway, best first: IPv6 firewalls understand PCP alone.</summary>
    public static IReadOnlyList<PortMappingMethod> MethodsFor(GatewayRoute route) => route.Gateway.AddressFamily == AddressFamily.InterNetworkV6
        ? [PortMappingMethod.Pcp]
        : [PortMappingMethod.Pcp, PortMappingMethod.NatPmp, PortMappingMethod.Igd];

    /// <summary>How long to insist on an answer within a user's time.</summary>
    public static ExchangeEffort Effort(TimeSpan timeout) =>
        timeout < s_brisk ? ExchangeEffort.Brief : timeout < s_thorough ? ExchangeEffort.Brisk : ExchangeEffort.Thorough;

    // A link-local address may come without its scope, or with that of an earlier boot.
    private static GatewayRoute? FindKnown(IPAddress gateway)
    {
        IReadOnlyList<GatewayRoute> routes = Finder.FindAll();
        return routes.FirstOrDefault(r => r.Gateway.Equals(gateway)) ?? routes.FirstOrDefault(r => new GatewayIdentity(r.Gateway).MayBe(new GatewayIdentity(gateway)));
    }

    private static PortMapperServices Services(IMappingMemory memory) =>
        new(new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System, memory)
        { Gateways = OperatingSystem.IsLinux() ? Finder : null };

    private static string MemoryPath()
    {
        string state = OperatingSystem.IsWindows()
            ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Environment.GetEnvironmentVariable("XDG_STATE_HOME") ?? string.Empty;

        // The XDG base directory specification: a path that is not absolute is ignored.
        if (!Path.IsPathFullyQualified(state)) state = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        return Path.Combine(state, "btmm", "mappings.json");
    }

    private static bool HasAddress(NetworkInterface link, IPAddress address) =>
        link.GetIPProperties().UnicastAddresses.Any(a => a.Address.Equals(address));

    private static int IndexOf(NetworkInterface link, AddressFamily family) => family == AddressFamily.InterNetwork
        ? link.GetIPProperties().GetIPv4Properties().Index
        : link.GetIPProperties().GetIPv6Properties().Index;

    private static BtmmException NoGateway() =>
        new(BtmmErrorReason.NoGateway, "There is no default gateway.", "Connect this host to a network.");
}
