using System.Text;

namespace Btmm.Protocol.Dns.Data;

/// <summary>One or more strings of at most 255 bytes each (RFC 1035 §3.3.14).</summary>
public sealed record TxtData : DnsData
{
    private readonly ReadOnlyMemory<byte> _wire;

    private TxtData(ReadOnlyMemory<byte> wire) => _wire = wire;

    /// <summary>Makes the data from text, each string in UTF-8.</summary>
    /// <param name="strings">The strings; none becomes one empty string.</param>
    /// <exception cref="ArgumentException">A string is longer than 255 bytes, or all together than 65,535.</exception>
    public TxtData(params IReadOnlyList<string> strings)
        : this(Encode(strings))
    {
    }

    /// <inheritdoc/>
    public override DnsType Type => DnsType.TXT;

    /// <summary>The strings as bytes.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> RawStrings
    {
        get
        {
            for (int at = 0; at < _wire.Length; at += 1 + _wire.Span[at]) yield return _wire.Slice(at + 1, _wire.Span[at]);
        }
    }

    /// <summary>The strings read as UTF-8; bytes that are none become U+FFFD.</summary>
    public IReadOnlyList<string> Strings => [.. RawStrings.Select(raw => Encoding.UTF8.GetString(raw.Span))];

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer) => writer.TryWriteBytes(_wire.Span);

    /// <inheritdoc/>
    public bool Equals(TxtData? other) => other is not null && _wire.Span.SequenceEqual(other._wire.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => ByteHash.Of(_wire.Span);

    /// <summary>The strings in quotes, with escapes.</summary>
    public override string ToString() => string.Join(' ', RawStrings.Select(raw => CharacterString.Quote(raw.Span)));

    internal static TxtData? Read(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty) return null;
        int at = 0;
        while (at < data.Length) at += 1 + data[at];
        return at == data.Length ? new TxtData(data.ToArray()) : null;
    }

    private static byte[] Encode(IReadOnlyList<string> strings)
    {
        var wire = new List<byte>();
        foreach (string text in strings)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            if (bytes.Length > byte.MaxValue) throw new ArgumentException("A TXT string has at most 255 bytes.", nameof(strings));
            wire.Add((byte)bytes.Length);
            wire.AddRange(bytes);
        }

        if (wire.Count == 0) wire.Add(0);
        if (wire.Count > ushort.MaxValue) throw new ArgumentException("TXT data has at most 65,535 bytes.", nameof(strings));
        return [.. wire];
    }
}
