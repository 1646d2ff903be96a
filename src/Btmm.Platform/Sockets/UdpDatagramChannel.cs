using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;

namespace Btmm.Platform.Sockets;

/// <summary>
/// A UDP socket of the operating system. One reader and any number of writers may be active at a time. A receive that is
/// pending when the channel is disposed ends with <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed class UdpDatagramChannel : IDatagramChannel
{
    private readonly Socket _socket;
    private readonly IPEndPoint? _peer;
    private readonly bool _reportUnreachable;
    private readonly SocketAddress _sender;
    private readonly IPEndPoint _endPointFactory;
    private byte[] _buffer = [];
    private volatile bool _disposed;

    /// <summary>Takes over a bound socket.</summary>
    /// <param name="socket">The socket; disposed with the channel.</param>
    /// <param name="peer">The peer to which the socket is connected, if it is.</param>
    /// <param name="reportUnreachable">Whether a socket without a peer reports ICMP port-unreachable.</param>
    internal UdpDatagramChannel(Socket socket, IPEndPoint? peer, bool reportUnreachable)
    {
        _socket = socket;
        _peer = peer;
        _reportUnreachable = reportUnreachable;
        _sender = new SocketAddress(socket.AddressFamily);
        _endPointFactory = new IPEndPoint(
            socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        LocalEndPoint = socket.LocalEndPoint as IPEndPoint
            ?? throw new SocketException((int)SocketError.AddressNotAvailable);
    }

    /// <inheritdoc/>
    public IPEndPoint LocalEndPoint { get; }

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> datagram, IPEndPoint remote, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(remote);
        ObjectDisposedException.ThrowIf(_disposed, this);
        try
        {
            await SendOnceAsync(datagram, remote, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e) when (IsTransient(e.SocketErrorCode))
        {
            // The kernel gave us the ICMP error of an earlier datagram instead of sending this one. If the peer still
            // refuses, the answer to the second attempt ends the pending receive, which is where it belongs.
            try
            {
                await SendOnceAsync(datagram, remote, cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException again) when (IsTransient(again.SocketErrorCode))
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ReceivedDatagram> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);

        // One byte more than asked for: the only portable way to see that a datagram was longer.
        if (_buffer.Length < buffer.Length + 1) _buffer = new byte[buffer.Length + 1];
        Memory<byte> target = _buffer.AsMemory(0, buffer.Length + 1);
        int length = await ReceiveOnceAsync(target, cancellationToken).ConfigureAwait(false);
        bool truncated = length > buffer.Length;
        if (truncated) length = buffer.Length;
        target[..length].CopyTo(buffer);
        return new ReceivedDatagram(length, _peer ?? Sender(), truncated);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _disposed = true;
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private ValueTask<int> SendOnceAsync(ReadOnlyMemory<byte> datagram, IPEndPoint remote, CancellationToken cancellationToken)
    {
        if (_peer is not null) return _socket.SendAsync(datagram, SocketFlags.None, cancellationToken);
        IPEndPoint target = _socket.AddressFamily == AddressFamily.InterNetworkV6 && remote.AddressFamily == AddressFamily.InterNetwork
            ? new IPEndPoint(remote.Address.MapToIPv6(), remote.Port)
            : remote;
        return _socket.SendToAsync(datagram, SocketFlags.None, target.Serialize(), cancellationToken);
    }

    private async ValueTask<int> ReceiveOnceAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return _peer is not null
                    ? await _socket.ReceiveAsync(target, SocketFlags.None, cancellationToken).ConfigureAwait(false)
                    : await _socket.ReceiveFromAsync(target, SocketFlags.None, _sender, cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException) when (_disposed)
            {
                throw new ObjectDisposedException(nameof(UdpDatagramChannel));
            }
            catch (SocketException e) when (OperatingSystem.IsWindows() && e.SocketErrorCode == SocketError.MessageSize)
            {
                return target.Length; // Windows says so when it had to cut a datagram off.
            }
            catch (SocketException e) when (_peer is null && IsSomebodyElses(e.SocketErrorCode))
            {
                // An ICMP error that tells nothing about whether somebody listens.
                continue;
            }
        }
    }

    /// <summary>
    /// Whether an error of a receive is left out: Windows reports that somebody refuses, when this socket has no one peer to blame;
    /// Linux, to a socket that asked for errors, also that an answer to ARP is missing or that a packet was too big on its way.
    /// </summary>
    private bool IsSomebodyElses(SocketError error) => _reportUnreachable
        ? error is SocketError.HostUnreachable or SocketError.HostDown or SocketError.NetworkUnreachable or SocketError.NetworkDown
            or SocketError.AccessDenied or SocketError.MessageSize or SocketError.ProtocolOption or SocketError.OperationNotSupported
        : IsTransient(error);

    private IPEndPoint Sender()
    {
        IPEndPoint sender = (IPEndPoint)_endPointFactory.Create(_sender);
        return sender.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(sender.Address.MapToIPv4(), sender.Port) : sender;
    }

    private static bool IsTransient(SocketError error) =>
        error is SocketError.ConnectionRefused or SocketError.ConnectionReset or SocketError.NetworkReset;
}
