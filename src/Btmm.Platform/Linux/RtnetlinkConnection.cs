using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Btmm.Platform.Linux;

/// <summary>
/// One request and its answer over a netlink route socket (rtnetlink(7)). Opened for each use: configuration changes are rare.
/// Not thread-safe.
/// </summary>
internal sealed class RtnetlinkConnection : IDisposable
{
    private const ushort MessageError = 2;
    private const ushort MessageDone = 3;
    private const int AnswerTimeoutSeconds = 5;

    private readonly SafeFileHandle _socket;
    private uint _sequence;

    internal unsafe RtnetlinkConnection()
    {
        _socket = RtnetlinkNative.Socket(
            RtnetlinkNative.AddressFamilyNetlink,
            RtnetlinkNative.SocketRaw | RtnetlinkNative.SocketCloseOnExec,
            RtnetlinkNative.ProtocolRoute);
        if (_socket.IsInvalid) throw new Win32Exception(Marshal.GetLastPInvokeError());
        Span<long> timeout = [AnswerTimeoutSeconds, 0];
        fixed (long* value = timeout)
        {
            _ = RtnetlinkNative.SetSocketOption(_socket, RtnetlinkNative.SocketLevel, RtnetlinkNative.ReceiveTimeout, value, 16);
        }
    }

    /// <summary>Sends a request; returns 0 or the error number the kernel answered.</summary>
    internal int Execute(RtnetlinkRequest request) => Exchange(request, answer: null);

    /// <summary>Sends a request; hands every data message (type, payload after the header) to <paramref name="answer"/>.</summary>
    internal unsafe int Exchange(RtnetlinkRequest request, Action<ushort, ReadOnlyMemory<byte>>? answer)
    {
        uint sequence = ++_sequence;
        byte[] message = request.Finish(sequence);
        fixed (byte* bytes = message)
        {
            if (RtnetlinkNative.Send(_socket, bytes, message.Length, 0) < 0) return Marshal.GetLastPInvokeError();
        }

        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            nint received;
            fixed (byte* bytes = buffer)
            {
                received = RtnetlinkNative.Receive(_socket, bytes, buffer.Length, 0);
            }

            if (received < 0) return Marshal.GetLastPInvokeError();
            if (TakeMessages(buffer.AsMemory(0, (int)received), sequence, answer) is { } result) return result;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static int? TakeMessages(ReadOnlyMemory<byte> data, uint sequence, Action<ushort, ReadOnlyMemory<byte>>? answer)
    {
        while (data.Length >= RtnetlinkRequest.HeaderLength)
        {
            int length = BitConverter.ToInt32(data.Span);
            if (length < RtnetlinkRequest.HeaderLength || length > data.Length) return null;
            ushort type = BitConverter.ToUInt16(data.Span[4..]);
            ReadOnlyMemory<byte> payload = data[RtnetlinkRequest.HeaderLength..length];
            if (BitConverter.ToUInt32(data.Span[8..]) == sequence)
            {
                if (type == MessageError) return payload.Length >= 4 ? -BitConverter.ToInt32(payload.Span) : 0;
                if (type == MessageDone) return 0;
                answer?.Invoke(type, payload);
            }

            data = data[Math.Min(data.Length, (length + 3) & ~3)..];
        }

        return null;
    }
}
