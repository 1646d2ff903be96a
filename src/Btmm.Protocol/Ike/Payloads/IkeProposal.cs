using System.Buffers.Binary;

namespace Btmm.Protocol.Ike.Payloads;

/// <summary>One proposal of an SA payload (RFC 7296 §3.3.1).</summary>
internal sealed record IkeProposal
{
    public required byte Number { get; init; }

    public required IkeProtocolId Protocol { get; init; }

    public byte[] Spi { get; init; } = [];

    public required IReadOnlyList<IkeTransform> Transforms { get; init; }

    /// <summary>The SPI of an ESP proposal; null when it has none that can be used.</summary>
    public uint? EspSpi => Spi.Length == 4 && BinaryPrimitives.ReadUInt32BigEndian(Spi) is var spi and > 255 ? spi : null;

    /// <summary>The SPI of an IKE proposal in a rekey; null when it has none that can be used.</summary>
    public ulong? IkeSpi => Spi.Length == 8 && BinaryPrimitives.ReadUInt64BigEndian(Spi) is var spi and not 0 ? spi : null;

    public IEnumerable<IkeTransform> Of(IkeTransformType type) => Transforms.Where(t => t.Type == type);

    public static byte[] SpiBytes(uint spi)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, spi);
        return bytes;
    }

    public static byte[] SpiBytes(ulong spi)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, spi);
        return bytes;
    }

    public static bool TryParse(ref IkeReader reader, out IkeProposal? proposal, out bool isLast)
    {
        proposal = null;
        isLast = false;
        if (!reader.TryByte(out byte more) || more is not (0 or 2) || !reader.TryByte(out _)) return false;
        if (!reader.TryUInt16(out ushort length) || !reader.TryTake(length - 4, out ReadOnlySpan<byte> body)) return false;
        isLast = more == 0;
        var fields = new IkeReader(body);
        if (!fields.TryByte(out byte number) || !fields.TryByte(out byte protocol)) return false;
        if (!fields.TryByte(out byte spiSize) || !fields.TryByte(out byte count) || count > IkeLimits.MaxTransforms) return false;
        if (!fields.TryTake(spiSize, out ReadOnlySpan<byte> spi)) return false;
        var transforms = new IkeTransform[count];
        for (int i = 0; i < count; i++)
            if (!IkeTransform.TryParse(ref fields, i == count - 1, out transforms[i])) return false;
        if (fields.Remaining != 0) return false;
        proposal = new IkeProposal { Number = number, Protocol = (IkeProtocolId)protocol, Spi = spi.ToArray(), Transforms = transforms };
        return true;
    }

    // last(1: 0 or 2) | reserved(1) | length(2) | number(1) | protocol(1) | SPI size(1) | number of transforms(1) | SPI | transforms
    public void Write(ref IkeWriter writer, bool isLast)
    {
        int start = writer.Written;
        writer.Byte((byte)(isLast ? 0 : 2));
        writer.Byte(0);
        writer.UInt16(0);
        writer.Byte(Number);
        writer.Byte((byte)Protocol);
        writer.Byte((byte)Spi.Length);
        writer.Byte((byte)Transforms.Count);
        writer.Bytes(Spi);
        for (int i = 0; i < Transforms.Count; i++) Transforms[i].Write(ref writer, i == Transforms.Count - 1);
        writer.PatchLength16(start + 2, start);
    }
}
