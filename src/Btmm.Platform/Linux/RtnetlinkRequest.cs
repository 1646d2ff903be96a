using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Btmm.Platform.Linux;

/// <summary>Builds one rtnetlink request: message header, fixed part, attributes (native byte order). Not thread-safe.</summary>
internal sealed class RtnetlinkRequest
{
    internal const ushort NewLink = 16;
    internal const ushort DeleteLink = 17;
    internal const ushort GetLink = 18;
    internal const ushort NewAddress = 20;
    internal const ushort DeleteAddress = 21;
    internal const ushort GetAddress = 22;
    internal const ushort NewRoute = 24;
    internal const ushort DeleteRoute = 25;
    internal const ushort GetRoute = 26;
    internal const ushort NewNeighbour = 28;
    internal const ushort GetNeighbour = 30;

    internal const ushort FlagRequest = 0x1;
    internal const ushort FlagAcknowledge = 0x4;
    internal const ushort FlagCreate = 0x400;
    internal const ushort FlagReplace = 0x100;
    internal const ushort FlagDump = 0x300;

    internal const int HeaderLength = 16;
    private const byte FamilyInet = 2;
    private const byte FamilyInet6 = 10;
    private const ushort NestedFlag = 0x8000;

    private readonly List<byte> _bytes = new(128);

    /// <summary>Starts a request.</summary>
    /// <param name="type">The message type.</param>
    /// <param name="flags">Flags beside REQUEST and ACK, which are always set.</param>
    /// <param name="fixedPart">ifinfomsg, ifaddrmsg, rtmsg or ndmsg.</param>
    internal RtnetlinkRequest(ushort type, ushort flags, ReadOnlySpan<byte> fixedPart)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        header.Clear();
        BitConverter.TryWriteBytes(header[4..], type);
        BitConverter.TryWriteBytes(header[6..], (ushort)(flags | FlagRequest | FlagAcknowledge));
        _bytes.AddRange(header);
        _bytes.AddRange(fixedPart);
        Pad();
    }

    internal RtnetlinkRequest Add(ushort attribute, ReadOnlySpan<byte> value)
    {
        Span<byte> header = stackalloc byte[4];
        BitConverter.TryWriteBytes(header, (ushort)(4 + value.Length));
        BitConverter.TryWriteBytes(header[2..], attribute);
        _bytes.AddRange(header);
        _bytes.AddRange(value);
        Pad();
        return this;
    }

    internal RtnetlinkRequest Add(ushort attribute, uint value) => Add(attribute, BitConverter.GetBytes(value));

    internal RtnetlinkRequest Add(ushort attribute, string value) => Add(attribute, Encoding.UTF8.GetBytes(value + "\0"));

    /// <summary>Adds attribute <paramref name="inner"/> inside <paramref name="middle"/> inside <paramref name="outer"/>.</summary>
    internal RtnetlinkRequest AddNested(ushort outer, ushort middle, ushort inner, byte value)
    {
        Span<byte> content = stackalloc byte[12];
        content.Clear();
        BitConverter.TryWriteBytes(content, (ushort)12);
        BitConverter.TryWriteBytes(content[2..], (ushort)(middle | NestedFlag));
        BitConverter.TryWriteBytes(content[4..], (ushort)5);
        BitConverter.TryWriteBytes(content[6..], inner);
        content[8] = value;
        return Add((ushort)(outer | NestedFlag), content);
    }

    /// <summary>The finished message.</summary>
    internal byte[] Finish(uint sequence)
    {
        byte[] message = [.. _bytes];
        BitConverter.TryWriteBytes(message, message.Length);
        BitConverter.TryWriteBytes(message.AsSpan(8), sequence);
        return message;
    }

    /// <summary>struct ifinfomsg for an interface; flag bits in <paramref name="change"/> are set to <paramref name="flags"/>.</summary>
    internal static byte[] LinkPart(int interfaceIndex, uint flags = 0, uint change = 0)
    {
        byte[] part = new byte[16];
        BitConverter.TryWriteBytes(part.AsSpan(4), interfaceIndex);
        BitConverter.TryWriteBytes(part.AsSpan(8), flags);
        BitConverter.TryWriteBytes(part.AsSpan(12), change);
        return part;
    }

    /// <summary>Asks for all routes of a family.</summary>
    internal static RtnetlinkRequest Routes(AddressFamily family) => new(GetRoute, FlagDump, RoutePart(family, 0));

    /// <summary>Asks which route a destination takes; attributes narrow it.</summary>
    internal static RtnetlinkRequest RouteTo(IPAddress destination) =>
        new(GetRoute, 0, RoutePart(destination.AddressFamily, (byte)(destination.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)));

    /// <summary>Asks for all addresses of a family.</summary>
    internal static RtnetlinkRequest Addresses(AddressFamily family) => new(GetAddress, FlagDump, AddressPart(family));

    /// <summary>Asks for the neighbour of an interface that an attribute names (Linux 5.0 or later).</summary>
    internal static RtnetlinkRequest Neighbour(AddressFamily family, int interfaceIndex) => new(GetNeighbour, 0, NeighbourPart(family, interfaceIndex));

    /// <summary>struct ndmsg.</summary>
    private static byte[] NeighbourPart(AddressFamily family, int interfaceIndex)
    {
        byte[] part = new byte[12];
        part[0] = ToNumber(family);
        BitConverter.TryWriteBytes(part.AsSpan(4), interfaceIndex);
        return part;
    }

    /// <summary>struct rtmsg.</summary>
    private static byte[] RoutePart(AddressFamily family, byte destinationLength)
    {
        byte[] part = new byte[12];
        part[0] = ToNumber(family);
        part[1] = destinationLength;
        return part;
    }

    /// <summary>struct ifaddrmsg.</summary>
    private static byte[] AddressPart(AddressFamily family)
    {
        byte[] part = new byte[8];
        part[0] = ToNumber(family);
        return part;
    }

    private static byte ToNumber(AddressFamily family) => family == AddressFamily.InterNetwork ? FamilyInet : FamilyInet6;

    private void Pad()
    {
        while (_bytes.Count % 4 != 0) _bytes.Add(0);
    }
}
