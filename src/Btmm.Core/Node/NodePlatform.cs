using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Dns;
using Btmm.Protocol;
using Btmm.Protocol.Esp;
using Btmm.Protocol.Identity;

namespace Btmm.Core.Node;

/// <summary>What a node needs from the operating system. Immutable; the parts are shared and thread-safe.</summary>
public sealed record NodePlatform
{
    /// <summary>Opens UDP channels for DNS and NAT-PMP.</summary>
    public required IDatagramChannelFactory Channels { get; init; }

    /// <summary>Opens TCP connections for DNS.</summary>
    public required IStreamDialer Streams { get; init; }

    /// <summary>Opens the packet path's socket.</summary>
    public required IDatagramSocketFactory Sockets { get; init; }

    /// <summary>Makes the ciphers of the packet path.</summary>
    public IAeadCipherFactory Ciphers { get; init; } = BclAeadCipherFactory.Instance;

    /// <summary>The host's resolvers, by which the zone service is found when the account names none.</summary>
    public required INameServerSource NameServers { get; init; }

    /// <summary>Looks up the addresses of a server that the user names, as every program here does; an address is its own.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> ResolveHost { get; init; } = global::System.Net.Dns.GetHostAddressesAsync;

    /// <summary>Finds the default gateways.</summary>
    public required IGatewayFinder Gateways { get; init; }

    /// <summary>Finds the routers on the way; null when this system has no means for it.</summary>
    public IHopFinder? Hops { get; init; }

    /// <summary>Makes the network monitor of one node, which disposes it.</summary>
    public required Func<INetworkMonitor> OpenMonitor { get; init; }

    /// <summary>Changes interfaces, routes and the hosts file.</summary>
    public required ISystemConfigurator System { get; init; }

    /// <summary>Changes with every boot: an identifier lives as long.</summary>
    public required string BootId { get; init; }

    /// <summary>From the primary interface's MAC; null when there is none, then it is random.</summary>
    public Eui64? PrimaryEui64 { get; init; }

    /// <summary>What the host tells about itself.</summary>
    public DeviceInfo Device { get; init; } = DeviceInfo.Empty;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The random generator.</summary>
    public IRandomSource Random { get; init; } = SystemRandomSource.Instance;
}
