using System.Runtime.InteropServices;

namespace Btmm.Platform.Linux;

/// <summary>struct virtio_net_hdr: what stands before each packet of a TUN device with IFF_VNET_HDR, in native byte order.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct VirtioHeader
{
    public const int Size = 10;
    public const byte NeedsChecksum = 1;
    public const byte GsoNone = 0;
    public const byte GsoTcp6 = 4;
    public const byte GsoUdp = 5;

    public byte Flags;
    public byte GsoType;
    public ushort HeaderLength;
    public ushort SegmentSize;
    public ushort ChecksumStart;
    public ushort ChecksumOffset;
}
