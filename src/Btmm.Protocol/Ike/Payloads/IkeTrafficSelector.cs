using System.Net;

namespace Btmm.Protocol.Ike.Payloads;

/// <summary>One traffic selector (RFC 7296 §3.13.1).</summary>
internal sealed record IkeTrafficSelector
{
    public const byte Ipv4Range = 7;
    public const byte Ipv6Range = 8;

    public required byte SelectorType { get; init; }

    public byte Protocol { get; init; }

    public ushort StartPort { get; init; }

    public ushort EndPort { get; init; } = 65535;

    /// <summary>Null for selector types that are not address ranges.</summary>
    public IPAddress? Start { get; init; }

    /// <summary>Null for selector types that are not address ranges.</summary>
    public IPAddress? End { get; init; }

    /// <summary>All traffic of exactly one IPv6 address.</summary>
    public static IkeTrafficSelector ForHost(IPAddress address) => new() { SelectorType = Ipv6Range, Start = address, End = address };

    /// <summary>Whether this is all traffic of exactly one IPv6 address.</summary>
    public bool IsWholeHost => SelectorType == Ipv6Range && Protocol == 0 && StartPort == 0 && EndPort == 65535 && Start is not null && Start.Equals(End);

    /// <summary>Whether all traffic of <paramref name="address"/> (IPv6) lies inside.</summary>
    public bool ContainsHost(IPAddress address)
    {
        if (SelectorType != Ipv6Range || Protocol != 0 || StartPort != 0 || EndPort != 65535 || Start is null || End is null) return false;
        byte[] bytes = address.GetAddressBytes();
        return Start.GetAddressBytes().AsSpan().SequenceCompareTo(bytes) <= 0 && bytes.AsSpan().SequenceCompareTo(End.GetAddressBytes()) <= 0;
    }

    public static bool TryParse(ref IkeReader reader, out IkeTrafficSelector? selector)
    {
        selector = null;
        if (!reader.TryByte(out byte type) || !reader.TryByte(out byte protocol) || !reader.TryUInt16(out ushort length)) return false;
        if (!reader.TryTake(length - 4, out ReadOnlySpan<byte> body)) return false;
        int size = type switch { Ipv4Range => 4, Ipv6Range => 16, _ => 0 };
        if (size == 0)
        {
            selector = new IkeTrafficSelector { SelectorType = type, Protocol = protocol };
            return true;
        }

        if (body.Length != 4 + 2 * size) return false;
        var fields = new IkeReader(body);
        fields.TryUInt16(out ushort startPort);
        fields.TryUInt16(out ushort endPort);
        selector = new IkeTrafficSelector
        {
            SelectorType = type,
            Protocol = protocol,
            StartPort = startPort,
            EndPort = endPort,
            Start = new IPAddress(body.Slice(4, size)),
            End = new IPAddress(body.Slice(4 + size, size)),
        };
        return true;
    }

    // type(1) | protocol(1) | length(2) | start port(2) | end port(2) | start address | end address
    public void Write(ref IkeWriter writer)
    {
        int start = writer.Written;
        writer.Byte(SelectorType);
        writer.Byte(Protocol);
        writer.UInt16(0);
        if (Start is not null && End is not null)
        {
            writer.UInt16(StartPort);
            writer.UInt16(EndPort);
            writer.Bytes(Start.GetAddressBytes());
            writer.Bytes(End.GetAddressBytes());
        }

        writer.PatchLength16(start + 2, start);
    }
}
