using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Microsoft.Win32.SafeHandles;

namespace Btmm.Platform.Linux;

/// <summary>
/// Tells of link, address and route changes by rtnetlink(7), in the network namespace of the thread that makes the monitor.
/// Thread-safe.
/// </summary>
public sealed class NetlinkNetworkMonitor : INetworkMonitor
{
    // Multicast groups of rtnetlink, as bits of sockaddr_nl.nl_groups.
    private const uint GroupLink = 1u << 0;
    private const uint GroupIpv4Address = 1u << 4;
    private const uint GroupIpv4Route = 1u << 6;
    private const uint GroupIpv6Address = 1u << 8;
    private const uint GroupIpv6Route = 1u << 10;

    private const int QueueLength = 64;
    private const int BufferLength = 64 * 1024;
    private static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(3);

    private readonly Socket _socket;
    private readonly CancellationTokenSource _shutdown = new();
    private readonly Lock _gate = new();
    private readonly List<Channel<NetworkChange>> _subscribers = [];
    private readonly Task _loop;
    private bool _closed;

    /// <summary>Starts listening.</summary>
    /// <exception cref="Win32Exception">The kernel gave no netlink socket.</exception>
    public NetlinkNetworkMonitor()
        : this(receiveBuffer: 0)
    {
    }

    /// <summary>Starts listening with a kernel buffer of so many bytes; 0 leaves it as it is.</summary>
    internal NetlinkNetworkMonitor(int receiveBuffer)
    {
        _socket = OpenSocket();
        if (receiveBuffer > 0) _socket.ReceiveBufferSize = receiveBuffer;
        _loop = Task.Run(ReadAsync);
    }

    /// <inheritdoc/>
    public ChannelReader<NetworkChange> Subscribe()
    {
        Channel<NetworkChange> channel = Channel.CreateBounded<NetworkChange>(
            new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest, SingleWriter = true });
        lock (_gate)
        {
            if (_closed) channel.Writer.TryComplete();
            else _subscribers.Add(channel);
        }

        return channel.Reader;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _shutdown.CancelAsync().ConfigureAwait(false);
        await _loop.WaitAsync(s_stopLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _socket.Dispose();
        _shutdown.Dispose();
    }

    private static unsafe Socket OpenSocket()
    {
        using SafeFileHandle handle = RtnetlinkNative.Socket(
            RtnetlinkNative.AddressFamilyNetlink,
            RtnetlinkNative.SocketRaw | RtnetlinkNative.SocketCloseOnExec,
            RtnetlinkNative.ProtocolRoute);
        if (handle.IsInvalid) throw new Win32Exception(Marshal.GetLastPInvokeError());

        // struct sockaddr_nl: family (2), padding (2), port id (4), groups (4)
        byte* address = stackalloc byte[12];
        new Span<byte>(address, 12).Clear();
        BitConverter.TryWriteBytes(new Span<byte>(address, 2), (ushort)RtnetlinkNative.AddressFamilyNetlink);
        const uint groups = GroupLink | GroupIpv4Address | GroupIpv4Route | GroupIpv6Address | GroupIpv6Route;
        BitConverter.TryWriteBytes(new Span<byte>(address + 8, 4), groups);
        if (RtnetlinkNative.Bind(handle, address, 12) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
        nint descriptor = handle.DangerousGetHandle();
        handle.SetHandleAsInvalid(); // The socket owns the descriptor from here on.
        return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
    }

    private async Task ReadAsync()
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferLength, pinned: true);
        try
        {
            while (true)
            {
                int length = await ReceiveAsync(buffer).ConfigureAwait(false);
                if (length < 0) Publish(new NetworkChange(NetworkChangeKind.Overrun, 0));
                else Publish(buffer.AsSpan(0, length));
            }
        }
        catch (OperationCanceledException) when (_shutdown.IsCancellationRequested)
        {
            return;
        }
        finally
        {
            Close();
        }
    }

    /// <summary>The length of what arrived, or -1 when the kernel had to drop events (ENOBUFS).</summary>
    private async ValueTask<int> ReceiveAsync(byte[] buffer)
    {
        try
        {
            return await _socket.ReceiveAsync(buffer, SocketFlags.None, _shutdown.Token).ConfigureAwait(false);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.NoBufferSpaceAvailable)
        {
            return -1;
        }
    }

    private void Publish(ReadOnlySpan<byte> messages)
    {
        while (NetlinkAttributes.TryReadMessage(ref messages, out ushort type, out ReadOnlySpan<byte> payload))
        {
            if (NetworkChangeMessage.TryParse(type, payload, out NetworkChange change)) Publish(change);
        }
    }

    private void Publish(NetworkChange change)
    {
        lock (_gate)
        {
            foreach (Channel<NetworkChange> subscriber in _subscribers) subscriber.Writer.TryWrite(change);
        }
    }

    private void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (Channel<NetworkChange> subscriber in _subscribers) subscriber.Writer.TryComplete();
        }
    }
}
