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
            int count = 1;
            if (_merge && TcpRun.TryStart(batch.Span(start), out TcpRun run))
            {
                while (start + count < batch.Count && run.TryExtend(batch.Span(start), batch.Span(start + count))) count++;
                if (count > 1)
                {
                    if (WriteRun(batch, start, run)) written += count;
                    start += count;
                    continue;
                }
            }
            if (WriteOne(batch, start)) written++;
            start++;
        }
        return written;
    }

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
    private unsafe bool WriteRun(PacketBatch batch, int start, in TcpRun run)
    {
        run.WriteHeaders(batch.Span(start));
        var header = new VirtioHeader
        {
            Flags = VirtioHeader.NeedsChecksum,
            GsoType = VirtioHeader.GsoTcp6,
            HeaderLength = (ushort)run.HeaderLength,
            SegmentSize = (ushort)run.SegmentSize,
            ChecksumStart = Ipv6.HeaderLength,
            ChecksumOffset = Tcp.ChecksumOffset,
        };
        int first = batch[start].Offset - VirtioHeader.Size;
        MemoryMarshal.Write(batch.Buffer.AsSpan(first), in header);
        FileNative.IoVector* vectors = stackalloc FileNative.IoVector[MaxVectors];
        fixed (byte* buffer = batch.Buffer)
        {
            vectors[0] = new FileNative.IoVector { Base = buffer + first, Length = batch[start].Length + VirtioHeader.Size };
            for (int i = 1; i < run.Count; i++)
            {
                ref PacketSegment segment = ref batch[start + i];
                vectors[i] = new FileNative.IoVector
                {
                    Base = buffer + segment.Offset + run.HeaderLength,
                    Length = segment.Length - run.HeaderLength,
                };
            }
            nint written;
            do written = FileNative.WriteVector(_file, vectors, run.Count);
            while (written < 0 && Marshal.GetLastPInvokeError() == Errno.Interrupted);
            // A kernel that does not take what it offered to: from now on packet by packet. TCP sends these again.
            if (written < 0 && Marshal.GetLastPInvokeError() == Errno.Invalid) _merge = false;
            return written == run.Length + VirtioHeader.Size;
        }
    }
}
