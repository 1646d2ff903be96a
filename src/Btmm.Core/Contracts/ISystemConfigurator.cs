using System.Net;

namespace Btmm.Core.Contracts;

/// <summary>
/// Changes the host's network configuration: the tunnel interface, its addresses and routes, and our block in the hosts file.
/// Every call is a quick system call. Calls may come from several threads, one at a time per object changed.
/// </summary>
/// <remarks>
/// Removing what is not there is no error: the remove operations return false. All operations throw
/// <see cref="Diagnostics.BtmmException"/> with reason PermissionDenied, TunUnavailable or SystemChangeFailed.
/// </remarks>
public interface ISystemConfigurator
{
    /// <summary>
    /// The first interface name free on this host that fits the pattern: <c>btmm%d</c> gives <c>btmm0</c>, <c>btmm1</c> ….
    /// A pattern without <c>%d</c> is taken as it is.
    /// </summary>
    string PickInterfaceName(string pattern);

    /// <summary>
    /// Creates a TUN interface, sets its MTU, tags it with the owner and brings it up. It vanishes when the device is disposed.
    /// </summary>
    /// <param name="name">The interface's name, at most 15 characters.</param>
    /// <param name="mtu">The largest IP packet in bytes, at least 1280.</param>
    /// <param name="owner">A tag by which <see cref="RemoveInterface"/> recognises the interface as ours.</param>
    ITunDevice CreateTunnelInterface(string name, int mtu, string owner);

    /// <summary>Removes an interface that still exists and carries the owner's tag; anything else is left alone.</summary>
    bool RemoveInterface(string name, string owner);

    /// <summary>Puts an IPv6 address (/128, without duplicate address detection) on the interface. Doing it twice is no error.</summary>
    void AddAddress(string interfaceName, IPAddress address);

    /// <summary>Takes an IPv6 address off the interface.</summary>
    bool RemoveAddress(string interfaceName, IPAddress address);

    /// <summary>Adds a route to one IPv6 address (/128) through the interface. Doing it twice is no error.</summary>
    void AddRoute(string interfaceName, IPAddress destination);

    /// <summary>Removes the route to one IPv6 address (/128) through the interface.</summary>
    bool RemoveRoute(string interfaceName, IPAddress destination);

    /// <summary>Writes the owner's block in the hosts file, in place of its former one; nothing else in the file changes.</summary>
    /// <param name="owner">The tag in the block's marker lines.</param>
    /// <param name="entries">The block's lines.</param>
    void WriteHostsBlock(string owner, IReadOnlyList<HostsEntry> entries);

    /// <summary>Removes the owner's block from the hosts file.</summary>
    bool RemoveHostsBlock(string owner);
}

/// <summary>One line of the hosts block.</summary>
/// <param name="Address">The address.</param>
/// <param name="Name">The host name, without trailing dot.</param>
public sealed record HostsEntry(IPAddress Address, string Name);
