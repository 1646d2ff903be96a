using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Transport;

/// <summary>
/// The bytes received over a connection and not yet taken as messages, each of which has two bytes of length in front
/// (RFC 1035 §4.2.2). It grows with what has arrived, never with what a length only promises. Belongs to one loop.
/// </summary>
internal sealed class FrameBuffer : IDisposable
{
    private const int PrefixLength = 2;

    // An idle connection keeps only this; most messages fit.
    private const int SmallSize = 1024;
    private const int LargestSize = PrefixLength + DnsMessage.MaxSize;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(SmallSize);
    private int _start;
    private int _end;

    /// <summary>Whether a message has begun that is not complete.</summary>
    internal bool IsPartial => _end > _start;

    /// <summary>Whether what comes next has a length that no message has.</summary>
    internal bool IsBad => TryReadLength(out int length) && length < DnsHeader.Size;

    /// <summary>Room for what arrives, never empty while no whole message is here; follow with <see cref="Add"/>.</summary>
    internal Memory<byte> Room()
    {
        if (_start == _end)
            Reset();
        else if (_end == _bytes.Length)
            Move();
        return _bytes.AsMemory(_end);
    }

    /// <summary>Says how much has arrived.</summary>
    internal void Add(int count) => _end += count;

    /// <summary>Takes the next message when it is complete; its bytes are good until the next <see cref="Room"/>.</summary>
    internal bool TryTake([NotNullWhen(true)] out ReadOnlyMemory<byte>? message)
    {
        message = null;
        if (!TryReadLength(out int length) || length < DnsHeader.Size || _end - _start < PrefixLength + length)
            return false;
        message = _bytes.AsMemory(_start + PrefixLength, length);
        _start += PrefixLength + length;
        return true;
    }

    public void Dispose()
    {
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        _start = _end = 0;
    }

    private bool TryReadLength(out int length)
    {
        bool isThere = _end - _start >= PrefixLength;
        length = isThere ? BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(_start)) : 0;
        return isThere;
    }

    private void Reset()
    {
        _start = _end = 0;
        if (_bytes.Length < 2 * SmallSize)
            return;
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = ArrayPool<byte>.Shared.Rent(SmallSize);
    }

    // To the front, into a larger array when there is nothing to gain there.
    private void Move()
    {
        byte[] old = _bytes;
        if (_start == 0)
            _bytes = ArrayPool<byte>.Shared.Rent(Math.Min(2 * old.Length, LargestSize));
        old.AsSpan(_start, _end - _start).CopyTo(_bytes);
        _end -= _start;
        _start = 0;
        if (!ReferenceEquals(old, _bytes))
            ArrayPool<byte>.Shared.Return(old);
    }
}
