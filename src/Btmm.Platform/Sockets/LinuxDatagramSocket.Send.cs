using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using Btmm.Core.Contracts;
using Btmm.Platform.Linux;

namespace Btmm.Platform.Sockets;

public sealed unsafe partial class LinuxDatagramSocket
{
    // The kernel's limits: UDP_MAX_SEGMENTS, and the longest UDP payload with some room.
    private const int MaxMergedDatagrams = 64;
    private const int MaxMergedBytes = 65000;
    private const int MaxOutMessages = 64;
    private const int MaxOutVectors = 512;
    private static readonly TimeSpan s_mergeRetry = TimeSpan.FromSeconds(1);

    private readonly Lock _sendGate = new();
    private readonly DatagramNative.MessageHeader[] _outHeaders =
        GC.AllocateArray<DatagramNative.MessageHeader>(MaxOutMessages, pinned: true);
    private readonly FileNative.IoVector[] _outVectors = GC.AllocateArray<FileNative.IoVector>(MaxOutVectors, pinned: true);
    private readonly DatagramNative.NumberControl[] _outControls =
        GC.AllocateArray<DatagramNative.NumberControl>(MaxOutMessages, pinned: true);
    private volatile bool _gso;
    private long _mergeFailedAt;
    private long _sent, _sendErrors, _sendCalls;

    private bool MayMerge =>
        _gso && (_mergeFailedAt == 0 || Stopwatch.GetElapsedTime(_mergeFailedAt) >= s_mergeRetry);

    /// <inheritdoc/>
    public bool Send(ReadOnlySpan<byte> datagram, SocketAddress remote)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        fixed (byte* data = datagram)
        fixed (byte* name = remote.Buffer.Span)
        {
            nint sent;
            do sent = DatagramNative.SendTo(_file, data, datagram.Length, 0, name, remote.Size);
            while (sent < 0 && Marshal.GetLastPInvokeError() == Errno.Interrupted);
            Interlocked.Increment(ref _sendCalls);
            Interlocked.Increment(ref sent < 0 ? ref _sendErrors : ref _sent);
            return sent >= 0;
        }
    }

    /// <inheritdoc/>
    public int Send(PacketBatch batch, int start, int count, SocketAddress remote)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        int sent = 0;
        fixed (byte* buffer = batch.Buffer)
        fixed (byte* name = remote.Buffer.Span)
        {
            lock (_sendGate)
            {
                int end = start + count;
                while (start < end)
                {
                    int next = start;
                    int messages = Fill(batch, ref next, end, buffer, name, remote.Size);
                    sent += SendFilled(messages, out bool blocked);
                    // The buffer stayed full for the whole timeout: what is left would not fare better.
                    if (blocked) break;
                    start = next;
                }
            }
        }
        Interlocked.Add(ref _sent, sent);
        Interlocked.Add(ref _sendErrors, count - sent);
        return sent;
    }

    // Builds messages of the segments from next on, until they or the arrays are used up.
    private int Fill(PacketBatch batch, ref int next, int end, byte* buffer, byte* name, int nameLength)
    {
        bool merge = MayMerge;
        int messages = 0, vector = 0;
        fixed (FileNative.IoVector* vectors = _outVectors)
        fixed (DatagramNative.NumberControl* controls = _outControls)
        {
            while (next < end && messages < MaxOutMessages && vector < MaxOutVectors)
            {
                int size = batch[next].Length;
                int datagrams = merge ? CountMergeable(batch, next, Math.Min(end, next + MaxOutVectors - vector)) : 1;
                ref DatagramNative.MessageHeader header = ref _outHeaders[messages];
                header = new DatagramNative.MessageHeader
                {
                    Name = name,
                    NameLength = nameLength,
                    Vectors = vectors + vector,
                    VectorCount = datagrams,
                };
                for (int i = 0; i < datagrams; i++)
                {
                    ref PacketSegment segment = ref batch[next++];
                    vectors[vector++] = new FileNative.IoVector { Base = buffer + segment.Offset, Length = segment.Length };
                }
                if (datagrams > 1)
                {
                    controls[messages] = SegmentControl(size);
                    header.Control = (byte*)(controls + messages);
                    header.ControlLength = sizeof(DatagramNative.NumberControl);
                }
                messages++;
            }
        }
        return messages;
    }

    // Datagrams of one length, but for a shorter last.
    private static int CountMergeable(PacketBatch batch, int start, int end)
    {
        int size = batch[start].Length;
        int total = size, count = 1;
        while (start + count < end && count < MaxMergedDatagrams)
        {
            int length = batch[start + count].Length;
            if (length > size || total + length > MaxMergedBytes) break;
            total += length;
            count++;
            if (length < size) break;
        }
        return count;
    }

    private static DatagramNative.NumberControl SegmentControl(int size) => new()
    {
        Length = DatagramNative.NumberControl.HeaderLength + sizeof(ushort),
        Level = DatagramNative.LevelUdp,
        Type = DatagramNative.OptionUdpSegment,
        // The option's 16 bits come first in memory.
        Value = BitConverter.IsLittleEndian ? size : size << 16,
    };

    // Returns the number of datagrams that the kernel took.
    private int SendFilled(int messages, out bool blocked)
    {
        int taken = 0;
        blocked = false;
        fixed (DatagramNative.MessageHeader* headers = _outHeaders)
        {
            for (int at = 0; at < messages;)
            {
                int sent = DatagramNative.SendMany(_file, headers + at, (uint)(messages - at), 0);
                int error = Marshal.GetLastPInvokeError();
                _sendCalls++;
                if (sent > 0)
                {
                    for (int end = at + sent; at < end; at++) taken += (int)headers[at].VectorCount;
                    continue;
                }
                if (error == Errno.Interrupted) continue;
                blocked = error == Errno.TryAgain;
                if (blocked) return taken;
                if (headers[at].VectorCount > 1 && IsMergeError(error)) taken += SendSingly(headers + at);
                at++;
            }
        }
        return taken;
    }

    // EIO: the device below cannot do checksums, ever. The others: the datagrams do not fit this path whole, for now.
    private bool IsMergeError(int error)
    {
        if (error is Errno.InputOutput or Errno.NotSupported) _gso = false;
        else if (error is Errno.Invalid or Errno.MessageTooLong) _mergeFailedAt = Stopwatch.GetTimestamp();
        else return false;
        return true;
    }

    private int SendSingly(DatagramNative.MessageHeader* merged)
    {
        int taken = 0;
        for (int i = 0; i < (int)merged->VectorCount; i++)
        {
            FileNative.IoVector* vector = merged->Vectors + i;
            nint sent = DatagramNative.SendTo(_file, vector->Base, vector->Length, 0, merged->Name, merged->NameLength);
            _sendCalls++;
            if (sent >= 0) taken++;
            else if (Marshal.GetLastPInvokeError() == Errno.TryAgain) break;
        }
        return taken;
    }
}
