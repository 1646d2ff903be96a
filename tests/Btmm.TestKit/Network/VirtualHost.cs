using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;

namespace Btmm.TestKit;

/// <summary>One host of a <see cref="VirtualWire"/>: opens datagram channels at its address. Thread-safe.</summary>
public sealed class VirtualHost : IDatagramChannelFactory, IStreamDialer
{
    private const int FirstEphemeralPort = 49152;
    private readonly VirtualWire _wire;
    private int _nextPort = FirstEphemeralPort;

    internal VirtualHost(VirtualWire wire, IPAddress address)
    {
        _wire = wire;
        Address = address;
    }

    /// <summary>The host's address.</summary>
    public IPAddress Address { get; private set; }

    /// <summary>Gives the host another address; channels bound to "any" move along, as real ones do.</summary>
    public void MoveTo(string address)
    {
        IPAddress moved = IPAddress.Parse(address);
        _wire.MoveHost(Address, moved);
        Address = moved;
    }

    /// <summary>Refuses: nobody on this wire listens for TCP.</summary>
    public ValueTask<Stream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken) =>
        ValueTask.FromException<Stream>(new SocketException((int)SocketError.ConnectionRefused));

    /// <inheritdoc/>
    public IDatagramChannel Open(DatagramChannelOptions options)
    {
        int port = options.Local.Port;
        while (port == 0)
        {
            int candidate = Interlocked.Increment(ref _nextPort);
            if (!_wire.IsBound(new IPEndPoint(Address, candidate))) port = candidate;
        }

        bool any = options.Local.Address.Equals(IPAddress.Any) || options.Local.Address.Equals(IPAddress.IPv6Any);
        bool group = options.MulticastGroup is not null;
        if (!any && !group && !options.Local.Address.Equals(Address))
            throw new SocketException((int)SocketError.AddressNotAvailable);
        if (!options.ReuseAddress && _wire.IsBound(new IPEndPoint(Address, port)))
            throw new SocketException((int)SocketError.AddressAlreadyInUse);
        VirtualChannel channel = new(_wire, this, any ? null : options.Local.Address, port, options);
        _wire.Attach(channel);
        return channel;
    }
}
