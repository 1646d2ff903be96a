using System.Buffers.Binary;

namespace Btmm.Protocol.Dns.Dso;

/// <summary>
/// Writes a DSO message into a caller's buffer, TLV by TLV. Never throws: what does not fit is not written and the method
/// returns false.
/// </summary>
public ref struct DsoMessageWriter
{
    private readonly Span<byte> _buffer;
    private DnsMessageWriter _writer;
    private int _dataAt;

    /// <summary>Starts a message.</summary>
    /// <param name="buffer">Where to write; its length is the limit of the message.</param>
    public DsoMessageWriter(Span<byte> buffer)
    {
        _buffer = buffer;
        _writer = new DnsMessageWriter(buffer);
    }

    /// <summary>Bytes written so far.</summary>
    public readonly int Length => _writer.Length;

    /// <summary>Begins a TLV; its data follows, written by <see cref="Data"/>.</summary>
    /// <param name="type">The kind.</param>
    public bool TryBegin(DsoType type)
    {
        DnsMessageWriter.Mark start = _writer.Save();
        if (!_writer.TryWriteUInt16((ushort)type) || !_writer.TryWriteUInt16(0)) return _writer.Undo(start);
        _dataAt = _writer.Length;
        return true;
    }

    /// <summary>Ends the TLV begun last: fills in its length.</summary>
    public readonly void End() => BinaryPrimitives.WriteUInt16BigEndian(_buffer[(_dataAt - 2)..], (ushort)(_writer.Length - _dataAt));

    /// <summary>Where the TLV's data is written.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public ref DnsMessageWriter Data => ref _writer;

    /// <summary>Writes a TLV of four-byte numbers.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="values">The numbers.</param>
    public bool TryWriteNumbers(DsoType type, params ReadOnlySpan<uint> values)
    {
        DnsMessageWriter.Mark start = _writer.Save();
        if (!TryBegin(type)) return false;
        foreach (uint value in values)
        {
            if (!_writer.TryWriteUInt32(value)) return _writer.Undo(start);
        }

        End();
        return true;
    }

    /// <summary>
    /// Ends the message with padding so that its length is a multiple of a block (RFC 8490 §7.3, RFC 8467), as far as there is
    /// room.
    /// </summary>
    /// <param name="block">The block's size, bytes.</param>
    public bool TryPad(int block)
    {
        int bare = _writer.Length + DsoMessageView.TlvHeaderSize;
        int padding = Math.Min((block - (bare % block)) % block, _writer.Remaining - DsoMessageView.TlvHeaderSize);
        if (padding < 0 || !TryBegin(DsoType.EncryptionPadding) || !_writer.TryReserve(padding, out Span<byte> zeros)) return false;
        zeros.Clear();
        End();
        return true;
    }

    /// <summary>Fills in the header.</summary>
    /// <param name="id">The message id; 0 for a unidirectional message.</param>
    /// <param name="isResponse">Whether it answers a request.</param>
    /// <param name="rcode">The result, or a Retry Delay message's reason.</param>
    /// <returns>The length of the message; 0 when the buffer could not even hold the header.</returns>
    public readonly int Finish(ushort id, bool isResponse = false, DnsRcode rcode = DnsRcode.NoError)
    {
        ushort bits = DnsHeader.Pack(isResponse ? DnsFlags.Response : DnsFlags.None, DnsOpcode.Dso, rcode);
        return _writer.Finish(new DnsHeader(id, bits, 0, 0, 0, 0));
    }
}
