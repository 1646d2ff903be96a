using System.Net;
using System.Net.Sockets;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;

namespace Btmm.PowerShell.Output;

/// <summary>A gateway and what it can do for Btmm.</summary>
public sealed class BtmmGateway
{
    /// <summary>The gateway's address on this network; of IPv6 a link-local one as a rule, with its scope.</summary>
    public required IPAddress Gateway { get; init; }

    /// <summary>The interface that leads to it.</summary>
    public required string InterfaceAlias { get; init; }

    /// <summary>The interface's index.</summary>
    public required int InterfaceIndex { get; init; }

    /// <summary>This host's address through it.</summary>
    public required IPAddress LocalAddress { get; init; }

    /// <summary>Whether it is the one that traffic of its address family takes by default.</summary>
    public required bool IsDefault { get; init; }

    /// <summary>InterNetwork for IPv4, InterNetworkV6 for IPv6.</summary>
    public AddressFamily AddressFamily => Gateway.AddressFamily;

    /// <summary>What it answered in PCP; null when nothing.</summary>
    public BtmmGatewayProtocol? Pcp { get; init; }

    /// <summary>What it answered in NAT-PMP; null when nothing.</summary>
    public BtmmGatewayProtocol? NatPmp { get; init; }

    /// <summary>What it answered in UPnP IGD; null when nothing.</summary>
    public BtmmGatewayProtocol? Igd { get; init; }

    /// <summary>The protocols in which it answered, best first.</summary>
    public PortMappingMethod[] Methods => [.. Answers.Select(a => a.Method)];

    /// <summary>The gateway's address on its other side, or null when it did not tell.</summary>
    public IPAddress? ExternalAddress => Answers.Select(a => a.ExternalAddress).FirstOrDefault(a => a is not null);

    /// <summary>Time from a request to the gateway's answer, the shortest.</summary>
    public TimeSpan? RoundTrip => Answers.Min(a => a.RoundTrip);

    /// <summary>Time since the gateway's mapping table was reset, when it tells.</summary>
    public TimeSpan? TableAge => Answers.Select(a => a.TableAge).FirstOrDefault(a => a is not null);

    /// <summary>Whether this host can be reached from outside.</summary>
    public required BtmmReachability Reachability { get; init; }

    /// <summary>Why not, when it cannot.</summary>
    public BtmmErrorReason? Reason { get; init; }

    /// <summary>What to do when the host is not reachable.</summary>
    public string? Remedy { get; init; }

    private IEnumerable<BtmmGatewayProtocol> Answers => new[] { Pcp, NatPmp, Igd }.OfType<BtmmGatewayProtocol>();

    /// <inheritdoc/>
    public override string ToString() => $"{Gateway} ({InterfaceAlias})";
}
