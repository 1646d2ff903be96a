using System.Net;
using System.Runtime.InteropServices;

namespace Btmm.Platform.Sockets;

/// <summary>Reads who sent an ICMP error out of the control data that a socket's error queue gives (ip(7), IP_RECVERR).</summary>
internal static class ErrorQueueMessage
{
    // struct cmsghdr (64-bit Linux): length 0..7, level 8..11, type 12..15
    private const int ControlHeaderLength = 16;

    // struct sock_extended_err: errno 0..3, origin 4, type 5, code 6, pad 7, info 8..11, data 12..15; then the offender's sockaddr
    private const int ExtendedErrorLength = 16;
    private const int OriginOffset = 4;
    private const byte OriginIcmp = 2;
    private const byte OriginIcmpV6 = 3;

    // struct sockaddr_in: family 0..1, port 2..3, address 4..7; sockaddr_in6: flow 4..7, address 8..23, scope id 24..27
    private const int SocketAddressLength = 16;
    private const int SocketAddressV6Length = 28;
    private const ushort FamilyInet = 2;
    private const ushort FamilyInet6 = 10;

    /// <summary>The router or host that sent the ICMP error; false when the data tell of none (a local error, or not whole).</summary>
    internal static bool TryReadOffender(ReadOnlySpan<byte> control, out IPAddress offender)
    {
        offender = IPAddress.None;
        while (control.Length >= ControlHeaderLength)
        {
            long length = MemoryMarshal.Read<long>(control);
            if (length < ControlHeaderLength || length > control.Length) return false;
            int level = MemoryMarshal.Read<int>(control[8..]);
            int type = MemoryMarshal.Read<int>(control[12..]);
            bool isError = (level, type) is (DatagramNative.LevelIp, DatagramNative.OptionReceiveErrors)
                or (DatagramNative.LevelIPv6, DatagramNative.OptionReceiveErrorsIPv6);
            if (isError) return TryReadError(control[ControlHeaderLength..(int)length], out offender);
            control = control[(int)Math.Min(control.Length, (length + 7) & ~7L)..];
        }

        return false;
    }

    private static bool TryReadError(ReadOnlySpan<byte> error, out IPAddress offender)
    {
        offender = IPAddress.None;
        if (error.Length < ExtendedErrorLength + SocketAddressLength || error[OriginOffset] is not (OriginIcmp or OriginIcmpV6)) return false;
        ReadOnlySpan<byte> name = error[ExtendedErrorLength..];
        switch (MemoryMarshal.Read<ushort>(name))
        {
            case FamilyInet:
                offender = new IPAddress(name.Slice(4, 4));
                return true;
            case FamilyInet6 when name.Length >= SocketAddressV6Length:
                offender = new IPAddress(name.Slice(8, 16), MemoryMarshal.Read<uint>(name[24..]));
                return true;
            default:
                return false;
        }
    }
}
