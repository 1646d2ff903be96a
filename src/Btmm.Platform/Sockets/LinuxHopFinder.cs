using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Platform.Linux;

namespace Btmm.Platform.Sockets;

/// <summary>
/// Finds hops as traceroute does: a UDP datagram with a short TTL, and the ICMP error that it causes, which Linux gives to
/// unprivileged sockets too (IP_RECVERR). Thread-safe, without state.
/// </summary>
public sealed class LinuxHopFinder : IHopFinder
{
    // Where traceroute begins: nobody listens there, so that the destination says so.
    private const int FirstPort = 33434;
    private const int MaxHops = 255;
    private const int ControlLength = 512;

    /// <inheritdoc/>
    public async ValueTask<HopAnswer?> ProbeAsync(IPAddress destination, int hops, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentOutOfRangeException.ThrowIfNotEqual(hops, Math.Clamp(hops, 1, MaxHops));
        using Socket socket = new(destination.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        long start = Stopwatch.GetTimestamp();
        if (!TrySend(socket, destination, hops)) return null;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(timeout);
        while (await WaitAsync(socket, deadline.Token, cancellationToken).ConfigureAwait(false) is { } isAnswer)
        {
            TimeSpan roundTrip = Stopwatch.GetElapsedTime(start);
            if (isAnswer) return new HopAnswer(destination, IsDestination: true, roundTrip);
            if (TryReadOffender(socket, out IPAddress offender)) return new HopAnswer(offender, IsSame(offender, destination), roundTrip);
        }

        return null;
    }

    /// <summary>Sends the probe; false when this host itself has no way to the destination.</summary>
    private static bool TrySend(Socket socket, IPAddress destination, int hops)
    {
        bool isV4 = destination.AddressFamily == AddressFamily.InterNetwork;
        LinuxSocketOptions.Set(
            socket,
            isV4 ? DatagramNative.LevelIp : DatagramNative.LevelIPv6,
            isV4 ? DatagramNative.OptionReceiveErrors : DatagramNative.OptionReceiveErrorsIPv6,
            1);
        socket.Ttl = (short)hops;
        try
        {
            socket.Connect(new IPEndPoint(destination, FirstPort + hops));
            socket.Send([0]);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.NetworkUnreachable or SocketError.HostUnreachable
            or SocketError.AccessDenied or SocketError.NetworkDown or SocketError.AddressNotAvailable)
        {
            return false;
        }
    }

    /// <summary>True for a datagram from the destination, false for an error to be read, null when the time is up.</summary>
    private static async ValueTask<bool?> WaitAsync(Socket socket, CancellationToken deadline, CancellationToken cancellationToken)
    {
        try
        {
            await socket.ReceiveAsync(new byte[1], SocketFlags.None, deadline).ConfigureAwait(false);
            return true;
        }
        catch (SocketException)
        {
            // The ICMP error ends the receive; who sent it is in the error queue.
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static unsafe bool TryReadOffender(Socket socket, out IPAddress offender)
    {
        byte* control = stackalloc byte[ControlLength];
        byte* data = stackalloc byte[1];
        var vector = new FileNative.IoVector { Base = data, Length = 1 };
        var header = new DatagramNative.MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlLength };
        int file = (int)socket.SafeHandle.DangerousGetHandle(); // The caller holds the socket.
        int messages = DatagramNative.ReceiveMany(file, &header, 1, DatagramNative.ErrorQueue | DatagramNative.DontWait, null);
        offender = IPAddress.None;
        return messages == 1 && ErrorQueueMessage.TryReadOffender(new ReadOnlySpan<byte>(control, (int)header.ControlLength), out offender);
    }

    // A link-local answer carries a scope id, which the question may not.
    private static bool IsSame(IPAddress offender, IPAddress destination) =>
        offender.Equals(destination) || offender.GetAddressBytes().AsSpan().SequenceEqual(destination.GetAddressBytes());
}
