using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;

namespace Btmm.TestKit;

/// <summary>One host of a <see cref="VirtualWire"/>: opens datagram channels and connections at its addresses. Thread-safe.</summary>
public sealed class VirtualHost : IDatagramChannelFactory, IStreamDialer
{
    private const int FirstEphemeralPort = 49152;
    private readonly VirtualWire _wire;
    private volatile IPAddress[] _addresses;
    private int _nextPort = FirstEphemeralPort;

    internal VirtualHost(VirtualWire wire, IPAddress[] addresses)
    {
        _wire = wire;
        _addresses = addresses;
    }

    /// <summary>The host's first address.</summary>
    public IPAddress Address => _addresses[0];

    /// <summary>Gives the host another first address; channels bound to "any" move along, as real ones do.</summary>
    public void MoveTo(string address)
    {
        IPAddress moved = IPAddress.Parse(address);
        _wire.MoveHost(Address, moved);
        _addresses = [moved, .. _addresses[1..]];
    }

    /// <inheritdoc/>
    public IDatagramChannel Open(DatagramChannelOptions options)
    {
        IPAddress wanted = VirtualWire.Plain(options.Local.Address);
        bool any = wanted.Equals(IPAddress.Any) || wanted.Equals(IPAddress.IPv6Any);
        IPAddress local = any ? AddressOf(wanted.AddressFamily) : wanted;
        int port = options.Local.Port;
        while (port == 0)
        {
            int candidate = Interlocked.Increment(ref _nextPort);
            if (!_wire.IsBound(new IPEndPoint(local, candidate))) port = candidate;
        }

        if (!any && options.MulticastGroup is null && !Has(wanted))
            throw new SocketException((int)SocketError.AddressNotAvailable);
        if (!options.ReuseAddress && _wire.IsBound(new IPEndPoint(local, port)))
            throw new SocketException((int)SocketError.AddressAlreadyInUse);
        VirtualChannel channel = new(_wire, this, wanted.AddressFamily, any ? null : wanted, port, options);
        _wire.Attach(channel);
        return channel;
    }

    /// <summary>Listens on a TCP port; the caller disposes the listener.</summary>
    /// <exception cref="SocketException">Another listener has the port.</exception>
    public VirtualListener Listen(int port) => new(_wire, this, port);

    /// <inheritdoc/>
    public ValueTask<Stream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(remote);
        IPEndPoint from = new(SourceFor(remote.Address), Interlocked.Increment(ref _nextPort));
        return _wire.ConnectAsync(from, remote, cancellationToken);
    }

    /// <summary>Whether this is one of the host's addresses.</summary>
    internal bool Has(IPAddress address) => _addresses.Contains(address);

    /// <summary>The source of what goes to <paramref name="destination"/>: of the same scope if possible (RFC 6724 §5, rule 2).</summary>
    /// <exception cref="SocketException">The host has no address of that family.</exception>
    internal IPAddress SourceFor(IPAddress destination)
    {
        bool local = destination.IsIPv6LinkLocal || destination.IsIPv6Multicast;
        IPAddress[] family = [.. _addresses.Where(address => address.AddressFamily == destination.AddressFamily)];
        return Array.Find(family, address => address.IsIPv6LinkLocal == local)
            ?? family.FirstOrDefault()
            ?? throw new SocketException((int)SocketError.NetworkUnreachable);
    }

    /// <summary>The first address of a family; "any" of it when there is none.</summary>
    internal IPAddress AddressOf(AddressFamily family) =>
        Array.Find(_addresses, address => address.AddressFamily == family)
            ?? (family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any);
}
