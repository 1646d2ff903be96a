using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;

namespace Btmm.Platform.Sockets;

/// <summary>The packet path's socket by the class library alone: one datagram a call. Works on every system.</summary>
public sealed class PlainDatagramSocket : IDatagramSocket
{
    private const int MaxDatagram = 65535;
    private const int WindowsIgnoreConnectionReset = unchecked((int)0x9800000C);
    private static readonly TimeSpan s_interruptCheck = TimeSpan.FromMilliseconds(250);
    private readonly Socket _socket;
    private volatile bool _interrupted;
    private long _received, _sent, _sendErrors, _receiveErrors, _receiveCalls;

    internal PlainDatagramSocket(Socket socket)
    {
        _socket = socket;
        _socket.ReceiveBufferSize = DatagramSocketFactory.BufferBytes;
        _socket.SendBufferSize = DatagramSocketFactory.BufferBytes;
        // Windows reports a peer's ICMP port-unreachable as an error of the next receive; it means nothing to us.
        if (OperatingSystem.IsWindows()) _socket.IOControl(WindowsIgnoreConnectionReset, [0, 0, 0, 0], null);
        LocalPort = ((IPEndPoint)_socket.LocalEndPoint!).Port;
    }

    /// <inheritdoc/>
    public int LocalPort { get; }

    /// <inheritdoc/>
    public DatagramSocketCounters Counters => new(
        Volatile.Read(ref _received),
        Volatile.Read(ref _sent),
        Volatile.Read(ref _sendErrors),
        Volatile.Read(ref _receiveErrors),
        Volatile.Read(ref _sent) + Volatile.Read(ref _sendErrors),
        Volatile.Read(ref _receiveCalls));

    /// <inheritdoc/>
    public int Receive(PacketBatch batch)
    {
        while (!_interrupted)
        {
            try
            {
                if (!_socket.Poll(s_interruptCheck, SelectMode.SelectRead)) continue;
                if (!batch.TryReserve(MaxDatagram, out int offset)) return batch.Count;
                SocketAddress from = batch.Remotes[0];
                from.Size = SocketAddress.GetMaximumAddressSize(_socket.AddressFamily);
                int length = _socket.ReceiveFrom(batch.Buffer.AsSpan(offset, MaxDatagram), SocketFlags.None, from);
                _receiveCalls++;
                _received++;
                batch.Add(offset, length);
                return batch.Count;
            }
            catch (SocketException)
            {
                // Too long a datagram, or an error of an earlier send: transient by its nature.
                batch.Clear();
                _receiveErrors++;
            }
        }
        return 0;
    }

    /// <inheritdoc/>
    public int Send(PacketBatch batch, int start, int count, SocketAddress remote)
    {
        int sent = 0;
        for (int i = start; i < start + count; i++)
        {
            if (Send(batch.Span(i), remote)) sent++;
        }
        return sent;
    }

    /// <inheritdoc/>
    public bool Send(ReadOnlySpan<byte> datagram, SocketAddress remote)
    {
        try
        {
            _socket.SendTo(datagram, SocketFlags.None, remote);
            Interlocked.Increment(ref _sent);
            return true;
        }
        catch (SocketException)
        {
            Interlocked.Increment(ref _sendErrors);
            return false;
        }
    }

    /// <inheritdoc/>
    public void Interrupt() => _interrupted = true;

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
