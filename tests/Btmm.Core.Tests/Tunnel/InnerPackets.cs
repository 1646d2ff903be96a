using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Btmm.Core.Tests.Tunnel;

/// <summary>IPv6 packets for the tests; the transport is an unassigned protocol, so that nothing looks into it.</summary>
internal static class InnerPackets
{
    private const byte Experimental = 253;

    public static byte[] Make(IPAddress source, IPAddress destination, string text, int length = 0) =>
        Make(source, destination, Experimental, Encoding.UTF8.GetBytes(text.PadRight(length)));

    public static byte[] Make(IPAddress source, IPAddress destination, byte nextHeader, byte[] payload)
    {
        byte[] packet = new byte[40 + payload.Length];
        packet[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)payload.Length);
        packet[6] = nextHeader;
        packet[7] = 64;
        source.TryWriteBytes(packet.AsSpan(8), out _);
        destination.TryWriteBytes(packet.AsSpan(24), out _);
        payload.CopyTo(packet, 40);
        return packet;
    }

    public static string Text(byte[] packet) => Encoding.UTF8.GetString(packet, 40, packet.Length - 40).TrimEnd();
}
