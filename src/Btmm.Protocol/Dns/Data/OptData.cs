using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns.Data;

/// <summary>The options of an OPT record (RFC 6891 §6.1.2). See <see cref="EdnsInfo"/> for the whole record.</summary>
/// <param name="Options">The options in their order.</param>
public sealed record OptData(IReadOnlyList<EdnsOption> Options) : DnsData
{
    /// <inheritdoc/>
    public override DnsType Type => DnsType.OPT;

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer)
    {
        foreach (EdnsOption option in Options)
        {
            if (!writer.TryWriteUInt16(option.Code) || !writer.TryWriteUInt16((ushort)option.DataLength)) return false;
            if (!writer.TryReserve(option.DataLength, out Span<byte> slot)) return false;
            option.WriteData(slot);
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Equals(OptData? other) => other is not null && Options.SequenceEqual(other.Options);

    /// <inheritdoc/>
    public override int GetHashCode() => Options.Aggregate(Options.Count, HashCode.Combine);

    /// <inheritdoc/>
    public override string ToString() => string.Join(' ', Options);

    internal static OptData? Read(ReadOnlySpan<byte> data)
    {
        var options = new List<EdnsOption>();
        var fields = new WireReader(data);
        while (fields.Remaining > 0)
        {
            if (!fields.TryReadUInt16(out ushort code) || !fields.TryReadUInt16(out ushort length)) return null;
            if (!fields.TryReadBytes(length, out ReadOnlySpan<byte> value)) return null;
            options.Add(EdnsOption.Read(code, value));
        }

        return new OptData(options);
    }
}
