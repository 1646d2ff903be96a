using System.Runtime.InteropServices;

namespace Btmm.Platform.Sockets;

/// <summary>The libc calls that move many datagrams at once, and their structures (64-bit Linux).</summary>
internal static partial class DatagramNative
{
    internal const int LevelIp = 0;
    internal const int LevelUdp = 17;
    internal const int LevelSocket = 1;
    internal const int OptionMtuDiscover = 10;
    internal const int MtuDiscoverOmit = 5;
    internal const int MtuDiscoverDont = 0;
    internal const int OptionSendBufferForce = 32;
    internal const int OptionReceiveBufferForce = 33;
    internal const int OptionUdpSegment = 103;
    internal const int OptionUdpGro = 104;
    internal const int LevelIPv6 = 41;
    internal const int OptionReceiveErrors = 11;
    internal const int OptionReceiveErrorsIPv6 = 25;
    internal const int OptionReusePort = 15;
    internal const int OptionPacketInformation = 8;
    internal const int ReceivePacketInformationIPv6 = 49;
    internal const int PacketInformationIPv6 = 50;
    internal const int DontWait = 0x40;
    internal const int ErrorQueue = 0x2000;
    internal const int WaitForOne = 0x10000;
    internal const int ShutdownReceive = 0;
    internal const int Truncated = 0x20;

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    internal static unsafe partial int ReceiveMany(int socket, MessageHeader* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    internal static unsafe partial int SendMany(int socket, MessageHeader* messages, uint count, int flags);

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    internal static unsafe partial nint SendTo(int socket, byte* data, nint length, int flags, byte* name, int nameLength);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    internal static partial int Shutdown(int socket, int how);

    /// <summary>struct mmsghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct MessageHeader
    {
        public byte* Name;
        public int NameLength;
        public Linux.FileNative.IoVector* Vectors;
        public nint VectorCount;
        public byte* Control;
        public nint ControlLength;
        public int Flags;
        private readonly int _padding;
        public uint Length;
    }

    /// <summary>struct cmsghdr with a 16- or 32-bit number, padded to CMSG_SPACE.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 24)]
    internal struct NumberControl
    {
        public const int HeaderLength = 16;
        public nint Length;
        public int Level;
        public int Type;
        public int Value;
    }
}
