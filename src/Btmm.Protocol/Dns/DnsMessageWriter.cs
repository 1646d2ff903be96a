using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns;

/// <summary>
/// Writes a message into a caller's buffer, section by section, compressing names, without allocating. Never throws: what
/// does not fit is not written at all and the method returns false. Call <see cref="Finish"/> at the end.
/// </summary>
public ref struct DnsMessageWriter
{
    private const int MaxPointerTarget = 0x3FFF;
    private const int MaxTargets = 96;

    private readonly Span<byte> _buffer;
    private readonly int _reserve;
    private readonly DnsNameForm _names;
    private WireWriter _writer;
    private Targets _targets;
    private int _targetCount;

    /// <summary>Starts a message: takes the 12 bytes of the header, which <see cref="Finish"/> fills.</summary>
    /// <param name="buffer">Where to write; its length is the limit of the message. At most 65,535 bytes are used.</param>
    /// <param name="reserve">Bytes at the end kept free until <see cref="ReleaseReserve"/>: room for OPT or TSIG.</param>
    /// <param name="names">How names are written.</param>
    public DnsMessageWriter(Span<byte> buffer, int reserve = 0, DnsNameForm names = DnsNameForm.Compressed)
    {
        _names = names;
        _buffer = buffer.Length > ushort.MaxValue ? buffer[..ushort.MaxValue] : buffer;
        _reserve = Math.Clamp(reserve, 0, _buffer.Length);
        _writer = new WireWriter(_buffer[..^_reserve]);
        HasHeader = _writer.TryReserve(DnsHeader.Size, out _);
    }

    /// <summary>Whether the buffer was large enough for a header.</summary>
    public bool HasHeader { get; }

    /// <summary>Bytes written so far.</summary>
    public readonly int Length => _writer.Position;

    /// <summary>Bytes still free.</summary>
    public readonly int Remaining => _writer.Remaining;

    /// <summary>Writes a question.</summary>
    /// <param name="name">The name in uncompressed wire form.</param>
    /// <param name="type">The type.</param>
    /// <param name="class">The class.</param>
    public bool TryWriteQuestion(scoped ReadOnlySpan<byte> name, DnsType type, DnsClass @class)
    {
        Mark start = Save();
        return (TryWriteName(name, compress: true) && TryWriteUInt16((ushort)type) && TryWriteUInt16((ushort)@class)) || Undo(start);
    }

    /// <summary>Writes a question.</summary>
    /// <param name="question">The question.</param>
    public bool TryWriteQuestion(DnsQuestion question) => TryWriteQuestion(question.Name.Wire, question.Type, question.Class);

    /// <summary>Writes a record. A TSIG record's owner is not compressed.</summary>
    /// <param name="record">The record.</param>
    public bool TryWriteRecord(DnsRecord record)
    {
        Mark start = Save();
        if (!TryWriteRecordHead(record.Name.Wire, record.Type, record.Class, record.Ttl, record.Type != DnsType.TSIG, out int lengthAt)) return Undo(start);
        if (!record.Data.TryWrite(ref this)) return Undo(start);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[lengthAt..], (ushort)(Length - lengthAt - 2));
        return true;
    }

    /// <summary>Writes a record whose data is ready in wire form (and has no compressed names).</summary>
    /// <param name="name">The owner in uncompressed wire form.</param>
    /// <param name="type">The type.</param>
    /// <param name="class">The class.</param>
    /// <param name="ttl">Time to live in seconds.</param>
    /// <param name="data">The data.</param>
    public bool TryWriteRecord(scoped ReadOnlySpan<byte> name, DnsType type, DnsClass @class, uint ttl, scoped ReadOnlySpan<byte> data)
    {
        Mark start = Save();
        if (data.Length > ushort.MaxValue) return false;
        if (!TryWriteRecordHead(name, type, @class, ttl, compress: true, out int lengthAt) || !TryWriteBytes(data)) return Undo(start);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[lengthAt..], (ushort)data.Length);
        return true;
    }

    /// <summary>Writes a name.</summary>
    /// <param name="name">The name in uncompressed wire form.</param>
    /// <param name="compress">Whether a pointer to an earlier name may stand for its end.</param>
    public bool TryWriteName(scoped ReadOnlySpan<byte> name, bool compress)
    {
        if (_names != DnsNameForm.Compressed) return TryWriteWhole(name);
        Mark start = Save();
        int at = 0;
        while (name[at] != 0)
        {
            // Only names that are complete can be pointed to, hence start's count.
            if (compress && TryFindTarget(name[at..], start.TargetCount, out int target))
                return _writer.TryWriteUInt16((ushort)(0xC000 | target)) || Undo(start);
            int labelAt = Length;
            if (!_writer.TryWriteBytes(name.Slice(at, 1 + name[at]))) return Undo(start);
            if (labelAt <= MaxPointerTarget && _targetCount < MaxTargets) _targets[_targetCount++] = (ushort)labelAt;
            at += 1 + name[at];
        }

        return _writer.TryWriteByte(0) || Undo(start);
    }

    /// <summary>Writes one byte.</summary>
    /// <param name="value">The byte.</param>
    public bool TryWriteByte(byte value) => _writer.TryWriteByte(value);

    /// <summary>Writes two bytes.</summary>
    /// <param name="value">The number.</param>
    public bool TryWriteUInt16(ushort value) => _writer.TryWriteUInt16(value);

    /// <summary>Writes four bytes.</summary>
    /// <param name="value">The number.</param>
    public bool TryWriteUInt32(uint value) => _writer.TryWriteUInt32(value);

    /// <summary>Writes bytes as they are.</summary>
    /// <param name="value">The bytes.</param>
    public bool TryWriteBytes(scoped ReadOnlySpan<byte> value) => _writer.TryWriteBytes(value);

    /// <summary>Takes bytes for the caller to fill.</summary>
    /// <param name="length">How many.</param>
    /// <param name="slot">The bytes.</param>
    public bool TryReserve(int length, out Span<byte> slot) => _writer.TryReserve(length, out slot);

    /// <summary>Makes the reserved bytes available.</summary>
    public void ReleaseReserve()
    {
        int length = Length;
        _writer = new WireWriter(_buffer);
        _writer.TryReserve(length, out _);
    }

    /// <summary>Fills in the header.</summary>
    /// <param name="header">The header with its counts.</param>
    /// <returns>The length of the message; 0 when the buffer could not even hold the header.</returns>
    public readonly int Finish(DnsHeader header) => HasHeader && header.TryWrite(_buffer) ? Length : 0;

    /// <summary>Remembers the present end of the message.</summary>
    public readonly Mark Save() => new(Length, _targetCount);

    /// <summary>Forgets what was written since <see cref="Save"/>; returns false so that it can end a condition.</summary>
    /// <param name="mark">What <see cref="Save"/> returned.</param>
    public bool Undo(Mark mark)
    {
        _writer.Rewind(mark.Length);
        _targetCount = mark.TargetCount;
        return false;
    }

    private bool TryWriteRecordHead(scoped ReadOnlySpan<byte> name, DnsType type, DnsClass @class, uint ttl, bool compress, out int lengthAt)
    {
        lengthAt = 0;
        if (!TryWriteName(name, compress) || !TryWriteUInt16((ushort)type) || !TryWriteUInt16((ushort)@class) || !TryWriteUInt32(ttl)) return false;
        lengthAt = Length;
        return TryWriteUInt16(0);
    }

    private bool TryWriteWhole(scoped ReadOnlySpan<byte> name)
    {
        if (!_writer.TryReserve(name.Length, out Span<byte> slot)) return false;
        if (_names == DnsNameForm.Canonical) DnsNameWire.ToLower(name, slot);
        else name.CopyTo(slot);
        return true;
    }

    private readonly bool TryFindTarget(scoped ReadOnlySpan<byte> suffix, int known, out int target)
    {
        for (int i = 0; i < known; i++)
        {
            target = _targets[i];
            if (IsNameAt(target, suffix)) return true;
        }

        target = 0;
        return false;
    }

    private readonly bool IsNameAt(int at, scoped ReadOnlySpan<byte> suffix)
    {
        int i = 0;
        while (true)
        {
            if ((_buffer[at] & 0xC0) == 0xC0) at = BinaryPrimitives.ReadUInt16BigEndian(_buffer[at..]) & MaxPointerTarget;
            int length = _buffer[at];
            if (length != suffix[i]) return false;
            if (length == 0) return true;
            if (!DnsNameWire.Equals(_buffer.Slice(at + 1, length), suffix.Slice(i + 1, length))) return false;
            at += 1 + length;
            i += 1 + length;
        }
    }

    /// <summary>A place in the message to go back to.</summary>
    /// <param name="Length">Bytes written.</param>
    /// <param name="TargetCount">Compression targets known.</param>
    public readonly record struct Mark(int Length, int TargetCount);

    [InlineArray(MaxTargets)]
    private struct Targets
    {
        private ushort _first;
    }
}
