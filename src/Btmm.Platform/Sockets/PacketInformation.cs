using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Btmm.Core.Contracts;

namespace Btmm.Platform.Sockets;

/// <summary>
/// Socket addresses and packet information (IP_PKTINFO, IPV6_PKTINFO) of 64-bit Linux, to and from <see cref="PeerAddress"/>.
/// </summary>
internal static class PacketInformation
{
    private const ushort FamilyIPv4 = 2;
    private const ushort FamilyIPv6 = 10;
    private const int NameSizeIPv4 = 16;
    private const int NameSizeIPv6 = 28;

    // struct cmsghdr: length (8), level (4), type (4); then the data, padded to 8.
    private const int ControlHead = 16;
    private const int InfoSizeIPv4 = 12;
    private const int InfoSizeIPv6 = 20;

    /// <summary>Reads struct sockaddr_in: family (2), port (2), address (4); or sockaddr_in6: family, port, flow (4), address (16), scope (4).</summary>
    internal static PeerAddress ReadName(ReadOnlySpan<byte> name, int length)
    {
        if (length < NameSizeIPv4) return default;
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(name[2..]);
        return MemoryMarshal.Read<ushort>(name) switch
        {
            FamilyIPv4 => PeerAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(name[4..]), port),
            FamilyIPv6 when length >= NameSizeIPv6 => new PeerAddress(BinaryPrimitives.ReadUInt128BigEndian(name[8..]), port, MemoryMarshal.Read<uint>(name[24..])),
            _ => default,
        };
    }

    /// <summary>Writes a socket address; returns its length.</summary>
    internal static int WriteName(in PeerAddress address, Span<byte> name)
    {
        BinaryPrimitives.WriteUInt16BigEndian(name[2..], address.Port);
        if (address.IsIPv4)
        {
            MemoryMarshal.Write(name, FamilyIPv4);
            BinaryPrimitives.WriteUInt32BigEndian(name[4..], (uint)address.Address);
            name[8..NameSizeIPv4].Clear();
            return NameSizeIPv4;
        }

        MemoryMarshal.Write(name, FamilyIPv6);
        MemoryMarshal.Write(name[4..], 0u);
        BinaryPrimitives.WriteUInt128BigEndian(name[8..], address.Address);
        MemoryMarshal.Write(name[24..], address.ScopeId);
        return NameSizeIPv6;
    }

    /// <summary>
    /// Finds the address that a datagram was sent to: struct in_pktinfo is interface (4), the local address (4), the destination
    /// (4), which differ for broadcasts; struct in6_pktinfo is the destination (16) and the interface (4).
    /// </summary>
    internal static PeerAddress ReadLocal(ReadOnlySpan<byte> control)
    {
        while (control.Length >= ControlHead)
        {
            long length = MemoryMarshal.Read<long>(control);
            if (length < ControlHead || length > control.Length) return default;
            ReadOnlySpan<byte> data = control[ControlHead..(int)length];
            switch (MemoryMarshal.Read<int>(control[8..]), MemoryMarshal.Read<int>(control[12..]))
            {
                case (DatagramNative.LevelIp, DatagramNative.OptionPacketInformation) when data.Length >= InfoSizeIPv4:
                    return PeerAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(data[4..]), 0);
                case (DatagramNative.LevelIPv6, DatagramNative.PacketInformationIPv6) when data.Length >= InfoSizeIPv6:
                    UInt128 address = BinaryPrimitives.ReadUInt128BigEndian(data);
                    return new PeerAddress(address, 0, IsLinkLocal(address) ? MemoryMarshal.Read<uint>(data[16..]) : 0);
            }

            control = control[Math.Min(control.Length, Align((int)length))..];
        }

        return default;
    }

    /// <summary>Writes the control message that says which address to send from; returns its length, 0 when there is none to name.</summary>
    internal static int WriteLocal(in PeerAddress local, Span<byte> control)
    {
        if (!local.IsKnown) return 0;
        bool isIPv4 = local.IsIPv4;
        int size = isIPv4 ? InfoSizeIPv4 : InfoSizeIPv6;
        int length = Align(ControlHead + size);
        control[..length].Clear();
        MemoryMarshal.Write(control, (long)(ControlHead + size));
        MemoryMarshal.Write(control[8..], isIPv4 ? DatagramNative.LevelIp : DatagramNative.LevelIPv6);
        MemoryMarshal.Write(control[12..], isIPv4 ? DatagramNative.OptionPacketInformation : DatagramNative.PacketInformationIPv6);
        Span<byte> data = control[ControlHead..];
        if (isIPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(data[4..], (uint)local.Address);
        }
        else
        {
            BinaryPrimitives.WriteUInt128BigEndian(data, local.Address);
            MemoryMarshal.Write(data[16..], local.ScopeId);
        }

        return length;
    }

    // Only these belong to an interface. Others are not bound to the one that the request came in by: the route back may differ.
    private static bool IsLinkLocal(UInt128 address) => (ushort)(address >> 112) is >= 0xFE80 and <= 0xFEBF;

    private static int Align(int length) => (length + 7) & ~7;
}
