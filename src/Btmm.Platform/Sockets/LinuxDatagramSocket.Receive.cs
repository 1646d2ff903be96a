using System.Net;
using System.Runtime.InteropServices;
using Btmm.Core.Contracts;
using Btmm.Platform.Linux;

namespace Btmm.Platform.Sockets;

public sealed unsafe partial class LinuxDatagramSocket
{
    private const int MaxMessages = 64;
    private const int MergedLength = 65536;
    private const int SingleLength = 16384;
    private const int NameLength = 28;

    // The kernel reads and writes these through pointers that stay valid because the arrays are pinned.
    private readonly DatagramNative.MessageHeader[] _inHeaders =
        GC.AllocateArray<DatagramNative.MessageHeader>(MaxMessages, pinned: true);
    private readonly FileNative.IoVector[] _inVectors = GC.AllocateArray<FileNative.IoVector>(MaxMessages, pinned: true);
    private readonly DatagramNative.NumberControl[] _inControls =
        GC.AllocateArray<DatagramNative.NumberControl>(MaxMessages, pinned: true);
    private readonly byte[] _inNames = GC.AllocateArray<byte>(MaxMessages * NameLength, pinned: true);
    private long _received, _receiveErrors, _receiveCalls;

    /// <inheritdoc/>
    public int Receive(PacketBatch batch)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        while (!_waiter.IsInterrupted)
        {
            batch.Clear();
            int slots = OfferSlots(batch);
            fixed (DatagramNative.MessageHeader* headers = _inHeaders)
            {
                int messages = DatagramNative.ReceiveMany(_file, headers, (uint)slots, DatagramNative.DontWait, null);
                _receiveCalls++;
                if (messages > 0)
                {
                    for (int i = 0; i < messages; i++) Take(batch, i);
                    if (batch.Count > 0) return batch.Count;
                    continue;
                }
            }
            int error = Marshal.GetLastPInvokeError();
            if (error == Errno.TryAgain)
            {
                if (!_waiter.WaitReadable(_file)) return 0;
            }
            else if (error != Errno.Interrupted)
            {
                // An ICMP error of an earlier send, reported late: reading it has cleared it.
                _receiveErrors++;
            }
        }
        return 0;
    }

    private void PrepareReceive()
    {
        fixed (DatagramNative.MessageHeader* headers = _inHeaders)
        fixed (FileNative.IoVector* vectors = _inVectors)
        fixed (DatagramNative.NumberControl* controls = _inControls)
        fixed (byte* names = _inNames)
        {
            for (int i = 0; i < MaxMessages; i++)
            {
                headers[i].Name = names + (i * NameLength);
                headers[i].Vectors = vectors + i;
                headers[i].VectorCount = 1;
                headers[i].Control = (byte*)(controls + i);
            }
        }
    }

    private int OfferSlots(PacketBatch batch)
    {
        int length = _gro ? MergedLength : SingleLength;
        int most = Math.Min(MaxMessages, batch.Remotes.Length);
        int slots = 0;
        fixed (byte* buffer = batch.Buffer)
        {
            for (; slots < most && batch.TryReserveRaw(length, out int offset); slots++)
            {
                _inVectors[slots] = new FileNative.IoVector { Base = buffer + offset, Length = length };
                ref DatagramNative.MessageHeader header = ref _inHeaders[slots];
                header.NameLength = NameLength;
                header.ControlLength = _gro ? sizeof(DatagramNative.NumberControl) : 0;
                header.Flags = 0;
            }
        }
        return slots;
    }

    private void Take(PacketBatch batch, int message)
    {
        ref DatagramNative.MessageHeader header = ref _inHeaders[message];
        int total = (int)header.Length;
        if ((header.Flags & DatagramNative.Truncated) != 0 || total == 0 || header.NameLength > NameLength)
        {
            _receiveErrors++;
            return;
        }
        SocketAddress from = batch.Remotes[message];
        from.Size = header.NameLength;
        _inNames.AsSpan(message * NameLength, header.NameLength).CopyTo(from.Buffer.Span);
        int size = SegmentSize(message, total);
        int offset = message * (_gro ? MergedLength : SingleLength);
        for (int at = 0; at < total; at += size)
        {
            if (!batch.Add(offset + at, Math.Min(size, total - at), message))
            {
                _receiveErrors++;
                return;
            }
            _received++;
        }
    }

    private int SegmentSize(int message, int total)
    {
        ref DatagramNative.NumberControl control = ref _inControls[message];
        bool merged = _inHeaders[message].ControlLength >= DatagramNative.NumberControl.HeaderLength + sizeof(int)
            && control.Level == DatagramNative.LevelUdp && control.Type == DatagramNative.OptionUdpGro
            && control.Value > 0;
        return merged ? control.Value : total;
    }
}
