using System.Net;
using Btmm.Platform.Sockets;

namespace Btmm.Platform.Tests.Sockets;

public sealed class ErrorQueueMessageTests
{
    [Fact]
    public void Control_TimeExceededV4_TellsTheRouter()
    {
        Assert.True(ErrorQueueMessage.TryReadOffender(ControlV4(), out IPAddress offender));
        Assert.Equal(IPAddress.Parse("192.0.2.1"), offender);
    }

    [Fact]
    public void Control_TimeExceededV6_TellsTheRouterWithItsScope()
    {
        Assert.True(ErrorQueueMessage.TryReadOffender(ControlV6(), out IPAddress offender));
        Assert.Equal(IPAddress.Parse("fe80::1%7"), offender);
    }

    [Fact]
    public void Control_OtherMessageFirst_IsPassedOver()
    {
        byte[] other = [.. BitConverter.GetBytes(20L), .. BitConverter.GetBytes(0), .. BitConverter.GetBytes(8), 1, 2, 3, 4, 0, 0, 0, 0];
        Assert.True(ErrorQueueMessage.TryReadOffender([.. other, .. ControlV4()], out IPAddress offender));
        Assert.Equal(IPAddress.Parse("192.0.2.1"), offender);
    }

    [Fact]
    public void Control_LocalError_IsNobodys()
    {
        byte[] control = ControlV4();
        control[20] = 1;
        Assert.False(ErrorQueueMessage.TryReadOffender(control, out _));
    }

    [Fact]
    public void Control_EveryTruncationAndByteChange_NeverThrows()
    {
        foreach (byte[] control in new[] { ControlV4(), ControlV6() })
        {
            for (int length = 0; length < control.Length; length++)
                Assert.False(ErrorQueueMessage.TryReadOffender(control.AsSpan(0, length), out _));
            for (int position = 0; position < control.Length; position++)
            {
                for (int value = 0; value < 256; value++)
                {
                    byte[] changed = [.. control];
                    changed[position] = (byte)value;
                    ErrorQueueMessage.TryReadOffender(changed, out _);
                }
            }
        }
    }

    // cmsghdr (level IP, type IP_RECVERR), sock_extended_err (EHOSTUNREACH, ICMP 11/0), sockaddr_in.
    private static byte[] ControlV4() =>
    [
        .. BitConverter.GetBytes(48L), .. BitConverter.GetBytes(0), .. BitConverter.GetBytes(11),
        .. BitConverter.GetBytes(113), 2, 11, 0, 0, .. new byte[8],
        2, 0, 0, 0, 192, 0, 2, 1, .. new byte[8],
    ];

    // cmsghdr (level IPv6, type IPV6_RECVERR), sock_extended_err (EHOSTUNREACH, ICMPv6 3/0), sockaddr_in6.
    private static byte[] ControlV6() =>
    [
        .. BitConverter.GetBytes(60L), .. BitConverter.GetBytes(41), .. BitConverter.GetBytes(25),
        .. BitConverter.GetBytes(113), 3, 3, 0, 0, .. new byte[8],
        10, 0, 0, 0, .. new byte[4], .. IPAddress.Parse("fe80::1").GetAddressBytes(), .. BitConverter.GetBytes(7),
    ];
}
