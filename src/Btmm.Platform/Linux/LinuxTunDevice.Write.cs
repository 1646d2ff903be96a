using System.Runtime.InteropServices;
using Btmm.Core.Contracts;
using Btmm.Protocol.Packets;

namespace Btmm.Platform.Linux;

public sealed partial class LinuxTunDevice
{
    private const int MaxVectors = 64;

    /// <inheritdoc/>
    public int Write(PacketBatch batch)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        int written = 0;
        for (int start = 0; start < batch.Count;)
        {
            int count = MergeTcp(batch, start, out VirtioHeader header);
            if (count == 1) count = MergeUdp(batch, start, out header);
            bool taken = count > 1 ? WriteRun(batch, start, count, header) : WriteOne(batch, start);
            if (taken) written += count;
            start += count;
        }
        return written;
    }

    // How many packets form one super-packet, whose headers are then written into the first; 1 for none.
    private int MergeTcp(PacketBatch batch, int start, out VirtioHeader header)
    {
        header = default;
        if (!_mergeTcp || !TcpRun.TryStart(batch.Span(start), out TcpRun run)) return 1;
        int next = start + 1;
        while (next < batch.Count && run.TryExtend(batch.Span(start), batch.Span(next))) next++;
        if (run.Count == 1) return 1;
        run.WriteHeaders(batch.Span(start));
        header = SuperHeader(VirtioHeader.GsoTcp6, run.HeaderLength, run.SegmentSize, Tcp.ChecksumOffset);
        return run.Count;
    }

    private int MergeUdp(PacketBatch batch, int start, out VirtioHeader header)
    {
        header = default;
        if (!_mergeUdp || !UdpRun.TryStart(batch.Span(start), out UdpRun run)) return 1;
        int next = start + 1;
        while (next < batch.Count && run.TryExtend(batch.Span(start), batch.Span(next))) next++;
        if (run.Count == 1) return 1;
        run.WriteHeaders(batch.Span(start));
        header = SuperHeader(VirtioHeader.GsoUdp, UdpRun.HeaderLength, run.SegmentSize, UdpRun.ChecksumOffset);
        return run.Count;
    }

    private static VirtioHeader SuperHeader(byte type, int headerLength, int segmentSize, int checksumOffset) => new()
    {
        Flags = VirtioHeader.NeedsChecksum,
        GsoType = type,
        HeaderLength = (ushort)headerLength,
        SegmentSize = (ushort)segmentSize,
        ChecksumStart = Ipv6.HeaderLength,
        ChecksumOffset = (ushort)checksumOffset,
    };

    private unsafe bool WriteOne(PacketBatch batch, int index)
    {
        ref PacketSegment segment = ref batch[index];
        int offset = segment.Offset, length = segment.Length;
        if (_virtio)
        {
            offset -= VirtioHeader.Size;
            length += VirtioHeader.Size;
            batch.Buffer.AsSpan(offset, VirtioHeader.Size).Clear();
        }
        fixed (byte* buffer = batch.Buffer)
        {
            nint written;
            do written = FileNative.Write(_file, buffer + offset, length);
            while (written < 0 && Marshal.GetLastPInvokeError() == Errno.Interrupted);
            return written == length;
        }
    }

    // virtio header and first packet as they lie, then the data alone of the others.
    private unsafe bool WriteRun(PacketBatch batch, int start, int count, VirtioHeader header)
    {
        int first = batch[start].Offset - VirtioHeader.Size;
        MemoryMarshal.Write(batch.Buffer.AsSpan(first), in header);
        FileNative.IoVector* vectors = stackalloc FileNative.IoVector[MaxVectors];
        fixed (byte* buffer = batch.Buffer)
        {
            nint total = batch[start].Length + VirtioHeader.Size;
            vectors[0] = new FileNative.IoVector { Base = buffer + first, Length = total };
            for (int i = 1; i < count; i++)
            {
                ref PacketSegment segment = ref batch[start + i];
                nint data = segment.Length - header.HeaderLength;
                vectors[i] = new FileNative.IoVector { Base = buffer + segment.Offset + header.HeaderLength, Length = data };
                total += data;
            }
            nint written;
            do written = FileNative.WriteVector(_file, vectors, count);
            while (written < 0 && Marshal.GetLastPInvokeError() == Errno.Interrupted);
            if (written < 0 && Marshal.GetLastPInvokeError() == Errno.Invalid) StopMerging(header.GsoType);
            return written == total;
        }
    }

    // The kernel does not take what it offered to: from now on packet by packet. What was lost is sent again, or was UDP.
    private void StopMerging(byte type)
    {
        if (type == VirtioHeader.GsoUdp) _mergeUdp = false;
        else _mergeTcp = false;
    }
}
