using System.Net;

namespace Btmm.Core.Node;

/// <summary>One change to the system, with what is needed to undo it. Immutable.</summary>
/// <param name="Kind">What was changed.</param>
public sealed record SystemChange(SystemChangeKind Kind)
{
    /// <summary>The interface, for <see cref="SystemChangeKind.TunnelInterface"/>, Address and Route.</summary>
    public string? Interface { get; init; }

    /// <summary>The address added, or the destination of the route.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>The tag of an interface or hosts block.</summary>
    public string? Owner { get; init; }

    /// <summary>A tunnel interface.</summary>
    public static SystemChange ForInterface(string name, string owner) =>
        new(SystemChangeKind.TunnelInterface) { Interface = name, Owner = owner };

    /// <summary>An address on an interface.</summary>
    public static SystemChange ForAddress(string interfaceName, IPAddress address) =>
        new(SystemChangeKind.Address) { Interface = interfaceName, Address = address };

    /// <summary>A route to one address.</summary>
    public static SystemChange ForRoute(string interfaceName, IPAddress destination) =>
        new(SystemChangeKind.Route) { Interface = interfaceName, Address = destination };

    /// <summary>The block of an owner in the hosts file.</summary>
    public static SystemChange ForHostsBlock(string owner) => new(SystemChangeKind.HostsBlock) { Owner = owner };

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        SystemChangeKind.TunnelInterface => $"interface {Interface}",
        SystemChangeKind.Address => $"address {Address} on {Interface}",
        SystemChangeKind.Route => $"route to {Address} through {Interface}",
        _ => $"hosts block of {Owner}",
    };
}
