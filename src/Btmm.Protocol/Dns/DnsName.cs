using System.Diagnostics.CodeAnalysis;

namespace Btmm.Protocol.Dns;

/// <summary>
/// A fully qualified domain name: immutable, kept in uncompressed wire form with its case, compared without regard to
/// ASCII case (RFC 4343). Thread-safe.
/// </summary>
public sealed partial class DnsName : IEquatable<DnsName>, IComparable<DnsName>, IParsable<DnsName>
{
    private readonly byte[] _wire;
    private readonly int _hash;

    private DnsName(byte[] validWire)
    {
        _wire = validWire;
        _hash = DnsNameWire.GetHashCode(validWire);
    }

    /// <summary>The root, one empty label.</summary>
    public static DnsName Root { get; } = new([0]);

    /// <summary>The uncompressed wire form: length-prefixed labels and the root's zero octet.</summary>
    public ReadOnlySpan<byte> Wire => _wire;

    /// <summary>The uncompressed wire form as memory.</summary>
    public ReadOnlyMemory<byte> WireMemory => _wire;

    /// <summary>Bytes in wire form, 1..255.</summary>
    public int WireLength => _wire.Length;

    /// <summary>Whether this is the root.</summary>
    public bool IsRoot => _wire.Length == 1;

    /// <summary>The number of labels, without the root's empty one.</summary>
    public int LabelCount
    {
        get
        {
            int count = 0;
            for (int at = 0; _wire[at] != 0; at += 1 + _wire[at]) count++;
            return count;
        }
    }

    /// <summary>The name without its first label; the root's parent is the root.</summary>
    public DnsName Parent => IsRoot ? this : new DnsName(_wire[(1 + _wire[0])..]);

    /// <summary>The first label in text form with escapes; empty for the root.</summary>
    public string FirstLabel => IsRoot ? string.Empty : EscapeLabel(_wire.AsSpan(1, _wire[0]));

    /// <summary>Two names are equal when they differ at most in ASCII case.</summary>
    /// <param name="left">One name.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(DnsName? left, DnsName? right) => left is null ? right is null : left.Equals(right);

    /// <summary>The opposite of equality.</summary>
    /// <param name="left">One name.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(DnsName? left, DnsName? right) => !(left == right);

    /// <summary>Makes a name from exactly its uncompressed wire form.</summary>
    /// <param name="wire">The bytes; copied.</param>
    /// <param name="name">The name.</param>
    /// <returns>False when the bytes are not one well-formed name.</returns>
    public static bool TryFromWire(ReadOnlySpan<byte> wire, [NotNullWhen(true)] out DnsName? name)
    {
        name = DnsNameWire.IsValid(wire) ? new DnsName(wire.ToArray()) : null;
        return name is not null;
    }

    /// <summary>Reads a possibly compressed name from a message.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="offset">Where the name begins.</param>
    /// <param name="name">The name.</param>
    /// <param name="next">The offset of what follows.</param>
    /// <returns>False when the name is malformed (RFC 9267).</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, int offset, [NotNullWhen(true)] out DnsName? name, out int next)
    {
        Span<byte> wire = stackalloc byte[DnsNameWire.MaxLength];
        name = DnsNameWire.TryExpand(message, offset, wire, out int written, out next) ? new DnsName(wire[..written].ToArray()) : null;
        return name is not null;
    }

    /// <summary>Puts one label in front.</summary>
    /// <param name="label">The label's text, taken literally: a dot in it becomes part of the label. UTF-8.</param>
    /// <exception cref="ArgumentException">The label is empty or too long, or the name would exceed 255 bytes.</exception>
    public DnsName Prepend(string label)
    {
        ArgumentException.ThrowIfNullOrEmpty(label);
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(label);
        if (bytes.Length > DnsNameWire.MaxLabelLength) throw new ArgumentException("A label has at most 63 bytes.", nameof(label));
        return Join([(byte)bytes.Length, .. bytes]);
    }

    /// <summary>Puts all labels of a relative name in front of this one.</summary>
    /// <param name="relative">Text with escapes, such as <c>_autotunnel._udp</c>.</param>
    /// <exception cref="FormatException"><paramref name="relative"/> is not a name.</exception>
    /// <exception cref="ArgumentException">The name would exceed 255 bytes.</exception>
    public DnsName PrependLabels(string relative) => Join(Parse(relative).Wire[..^1]);

    /// <summary>Whether this is <paramref name="ancestor"/> or lies below it.</summary>
    /// <param name="ancestor">The possible ancestor.</param>
    public bool IsSubdomainOf(DnsName ancestor) => DnsNameWire.IsSubdomainOf(_wire, ancestor._wire);

    /// <summary>The name in lower case (canonical form).</summary>
    public DnsName ToLower()
    {
        var lower = new byte[_wire.Length];
        DnsNameWire.ToLower(_wire, lower);
        return new DnsName(lower);
    }

    /// <summary>The labels in text form with escapes, from the first to the last, without the root.</summary>
    public IEnumerable<string> GetLabels()
    {
        for (int at = 0; _wire[at] != 0; at += 1 + _wire[at]) yield return EscapeLabel(_wire.AsSpan(at + 1, _wire[at]));
    }

    /// <inheritdoc/>
    public bool Equals(DnsName? other)
        => ReferenceEquals(this, other) || (other is not null && _hash == other._hash && DnsNameWire.Equals(_wire, other._wire));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DnsName);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <summary>Canonical order: by labels from the root, in lower case (RFC 4034 §6.1).</summary>
    /// <param name="other">The other name.</param>
    public int CompareTo(DnsName? other)
    {
        if (other is null) return 1;
        Span<byte> mine = stackalloc byte[128];
        Span<byte> theirs = stackalloc byte[128];
        int left = LabelOffsets(mine);
        int right = other.LabelOffsets(theirs);
        while (left > 0 && right > 0)
        {
            int order = CompareLabels(_wire.AsSpan(mine[--left]), other._wire.AsSpan(theirs[--right]));
            if (order != 0) return order;
        }

        return left - right;
    }

    private static int CompareLabels(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        for (int i = 1; i <= left[0] && i <= right[0]; i++)
        {
            int order = DnsNameWire.ToLower(left[i]) - DnsNameWire.ToLower(right[i]);
            if (order != 0) return order;
        }

        return left[0] - right[0];
    }

    private int LabelOffsets(Span<byte> offsets)
    {
        int count = 0;
        for (int at = 0; _wire[at] != 0; at += 1 + _wire[at]) offsets[count++] = (byte)at;
        return count;
    }

    private DnsName Join(ReadOnlySpan<byte> labels)
    {
        if (labels.Length + _wire.Length > DnsNameWire.MaxLength) throw new ArgumentException("A name has at most 255 bytes.");
        return new DnsName([.. labels, .. _wire]);
    }
}
