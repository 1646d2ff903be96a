using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Platform.Linux;

namespace Btmm.Platform.Sockets;

/// <summary>
/// The packet path's socket on Linux: many datagrams a system call (recvmmsg, sendmmsg), and where the kernel can, many
/// datagrams a message (UDP_GRO, UDP_SEGMENT). One thread receives, any number send.
/// </summary>
/// <remarks>
/// Outer datagrams carry no "don't fragment" and ignore what ICMP says about the path's MTU (IP_PMTUDISC_OMIT): a tunnel
/// packet that is too big for some link is fragmented there, never lost in a black hole, and forged ICMP has no effect.
/// </remarks>
public sealed unsafe partial class LinuxDatagramSocket : IDatagramSocket
{
    // Before, coalesced datagrams could be lost.
    private static readonly Version s_groWorks = new(5, 12);
    private static readonly TimeSpan s_sendTimeout = TimeSpan.FromMilliseconds(500);
    private readonly Socket _socket;
    private readonly int _file;
    private readonly Waiter _waiter = new();
    private readonly bool _gro;
    private bool _disposed;

    internal LinuxDatagramSocket(Socket socket, bool allowOffload)
    {
        _socket = socket;
        _file = (int)socket.SafeHandle.DangerousGetHandle();
        LocalPort = ((IPEndPoint)socket.LocalEndPoint!).Port;
        // A full send buffer holds the sender up, as it should, but not for ever.
        _socket.SendTimeout = (int)s_sendTimeout.TotalMilliseconds;
        LinuxSocketOptions.SetBuffers(socket, DatagramSocketFactory.BufferBytes);
        LinuxSocketOptions.IgnorePathMtu(socket);
        _gro = allowOffload && Environment.OSVersion.Version >= s_groWorks
            && LinuxSocketOptions.TrySet(socket, DatagramNative.LevelUdp, DatagramNative.OptionUdpGro, 1);
        _gso = allowOffload && LinuxSocketOptions.TrySet(socket, DatagramNative.LevelUdp, DatagramNative.OptionUdpSegment, 0);
        PrepareReceive();
    }

    /// <inheritdoc/>
    public int LocalPort { get; }

    /// <summary>Whether the kernel puts received datagrams together.</summary>
    public bool CanReceiveMerged => _gro;

    /// <summary>Whether the kernel cuts messages into datagrams; turns false when it fails to.</summary>
    public bool CanSendMerged => _gso;

    /// <inheritdoc/>
    public DatagramSocketCounters Counters => new(
        Volatile.Read(ref _received),
        Volatile.Read(ref _sent),
        Volatile.Read(ref _sendErrors),
        Volatile.Read(ref _receiveErrors),
        Volatile.Read(ref _sendCalls),
        Volatile.Read(ref _receiveCalls));

    /// <inheritdoc/>
    public void Interrupt() => _waiter.Interrupt();

    /// <summary>Closes the socket. No other thread may be using it.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _waiter.Interrupt();
        _waiter.Dispose();
        _socket.Dispose();
    }
}
