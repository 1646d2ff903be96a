using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Btmm.Platform.Linux;

/// <summary>The ioctls of /dev/net/tun and of interfaces (linux/if_tun.h, linux/sockios.h).</summary>
internal static partial class TunNative
{
    internal const string DevicePath = "/dev/net/tun";
    internal const int NameLength = 16;

    internal const short FlagTun = 0x0001;
    internal const short FlagNoPacketInformation = 0x1000;
    internal const short FlagVirtioHeader = 0x4000;
    internal const short FlagExclusive = unchecked((short)0x8000);

    internal const uint OffloadChecksum = 0x01;
    internal const uint OffloadTcp4 = 0x02;
    internal const uint OffloadTcp6 = 0x04;
    internal const uint OffloadUdp4 = 0x20;
    internal const uint OffloadUdp6 = 0x40;

    private const nuint SetInterface = 0x400454CA;
    private const nuint SetOffload = 0x400454D0;
    private const nuint GetIndex = 0x8933;
    private const nuint SetMtu = 0x8922;

    /// <summary>Attaches the file to an interface, made with this name; returns its real name, or null with errno set.</summary>
    internal static unsafe string? Attach(SafeFileHandle file, string name, short flags)
    {
        InterfaceRequest request = Named(name);
        *(short*)request.Value = flags;
        if (ControlRequest(file, SetInterface, &request) < 0) return null;
        int length = new ReadOnlySpan<byte>(request.Name, NameLength).IndexOf((byte)0);
        return Encoding.UTF8.GetString(request.Name, length < 0 ? NameLength : length);
    }

    /// <summary>Says which offloads the reader handles; false when the kernel does not know one of them.</summary>
    internal static bool TrySetOffload(SafeFileHandle file, uint offloads) => ControlValue(file, SetOffload, offloads) == 0;

    /// <summary>The interface's index, or -1 with errno set.</summary>
    internal static unsafe int InterfaceIndex(SafeHandle socket, string name)
    {
        InterfaceRequest request = Named(name);
        return ControlRequest(socket, GetIndex, &request) < 0 ? -1 : *(int*)request.Value;
    }

    /// <summary>Sets the interface's MTU; false with errno set.</summary>
    internal static unsafe bool TrySetMtu(SafeHandle socket, string name, int mtu)
    {
        InterfaceRequest request = Named(name);
        *(int*)request.Value = mtu;
        return ControlRequest(socket, SetMtu, &request) == 0;
    }

    private static unsafe InterfaceRequest Named(string name)
    {
        InterfaceRequest request = default;
        Encoding.UTF8.GetBytes(name, new Span<byte>(request.Name, NameLength - 1));
        return request;
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static unsafe partial int ControlRequest(SafeHandle file, nuint operation, InterfaceRequest* request);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int ControlValue(SafeHandle file, nuint operation, nuint value);

    /// <summary>struct ifreq.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct InterfaceRequest
    {
        public fixed byte Name[NameLength];
        public fixed byte Value[24];
    }
}
