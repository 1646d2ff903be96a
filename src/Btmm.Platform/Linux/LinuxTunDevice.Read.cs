using System.Runtime.InteropServices;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Packets;

namespace Btmm.Platform.Linux;

public sealed partial class LinuxTunDevice
{
    private const int StagingLength = VirtioHeader.Size + 65536 + 64;
    private readonly byte[] _staging = GC.AllocateUninitializedArray<byte>(StagingLength, pinned: true);
    private SuperPacket _super;
    private int _superLength;
    private int _superNext;

    /// <inheritdoc/>
    public int Read(PacketBatch batch)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        int room = Mtu + PacketBatch.Headroom + (2 * PacketBatch.Tailroom);
        if (batch.FreeBytes < room) throw new ArgumentException("The batch has no room for one packet.", nameof(batch));
        while (true)
        {
            if (!DrainSuper(batch)) return batch.Count;
            while (batch.Count < batch.MaxSegments && batch.FreeBytes >= room)
            {
                int length = ReadOne();
                if (length < 0) break;
                Take(batch, _staging.AsSpan(0, length));
                if (!DrainSuper(batch)) return batch.Count;
            }
            if (batch.Count > 0) return batch.Count;
            if (!_waiter.WaitReadable(_file)) return 0;
        }
    }

    // The length read, or -1 when nothing is there.
    private unsafe int ReadOne()
    {
        if (_waiter.IsInterrupted) return -1;
        fixed (byte* staging = _staging)
        {
            while (true)
            {
                nint read = FileNative.Read(_file, staging, StagingLength);
                if (read >= 0) return (int)read;
                int error = Marshal.GetLastPInvokeError();
                if (error == Errno.TryAgain) return -1;
                if (error == Errno.Interrupted) continue;
                throw new BtmmException(
                    BtmmErrorReason.TunUnavailable,
                    $"The interface {Name} has vanished: {Marshal.GetPInvokeErrorMessage(error)}.",
                    "Start the node again.");
            }
        }
    }

    private void Take(PacketBatch batch, Span<byte> read)
    {
        if (!_virtio)
        {
            batch.TryAppend(read);
            return;
        }
        if (read.Length < VirtioHeader.Size) return;
        var header = MemoryMarshal.Read<VirtioHeader>(read);
        Span<byte> packet = read[VirtioHeader.Size..];
        if (header.GsoType == VirtioHeader.GsoNone)
        {
            bool complete = (header.Flags & VirtioHeader.NeedsChecksum) == 0
                || InternetChecksum.TryComplete(packet, header.ChecksumStart, header.ChecksumOffset);
            if (complete) batch.TryAppend(packet);
            return;
        }
        // Super-packets of IPv4 have no way through the tunnel, as IPv4 packets have none; they end here.
        if (header.GsoType is not (VirtioHeader.GsoTcp6 or VirtioHeader.GsoUdp)) return;
        bool isTcp = header.GsoType == VirtioHeader.GsoTcp6;
        if (!SuperPacket.TryParse(packet, isTcp, header.ChecksumStart, header.SegmentSize, out _super)) return;
        _superLength = packet.Length;
        _superNext = 0;
    }

    // Moves what fits of the super-packet under way into the batch; false when there is more.
    private bool DrainSuper(PacketBatch batch)
    {
        if (_superLength == 0) return true;
        ReadOnlySpan<byte> packet = _staging.AsSpan(VirtioHeader.Size, _superLength);
        for (; _superNext < _super.Count; _superNext++)
        {
            if (!batch.TryReserve(_super.MaxLength, out int offset))
            {
                // What does not fit an empty batch fits none.
                if (batch.Count == 0) break;
                return false;
            }
            int length = _super.Write(packet, _superNext, batch.Buffer.AsSpan(offset, _super.MaxLength));
            batch.Add(offset, length);
        }
        _superLength = 0;
        return true;
    }
}
