using System.Buffers.Binary;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.NatTraversal.Stun;

/// <summary>
/// Walks through the attributes of a STUN message (RFC 8489 §14) without allocating. What follows a signature is passed over, as nothing
/// vouches for it (§9). Never throws.
/// </summary>
public ref struct StunReader
{
    private readonly ReadOnlySpan<byte> _message;
    private WireReader _attributes;
    private bool _isSigned;

    /// <summary>Starts a walk.</summary>
    /// <param name="message">A message that is STUN by <see cref="StunHeader.IsStun"/>.</param>
    public StunReader(ReadOnlySpan<byte> message)
    {
        _message = message;
        _attributes = new WireReader(message[StunHeader.Size..]);
    }

    /// <summary>Whether an attribute was malformed, a check sum wrong, or something stood behind it: the message does not count.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Whether the message has a check sum, which is right.</summary>
    public bool HasFingerprint { get; private set; }

    /// <summary>Reads the next attribute; false at the end or when it is malformed.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="value">Its value, without padding.</param>
    public bool TryRead(out StunAttribute type, out ReadOnlySpan<byte> value)
    {
        while (TryReadAny(out type, out value))
        {
            bool counts = !_isSigned || type is StunAttribute.MessageIntegritySha256 or StunAttribute.Fingerprint;
            _isSigned |= type is StunAttribute.MessageIntegrity or StunAttribute.MessageIntegritySha256;
            if (counts) return true;
        }

        return false;
    }

    private bool TryReadAny(out StunAttribute type, out ReadOnlySpan<byte> value)
    {
        type = default;
        value = default;
        if (_attributes.Remaining == 0 || IsMalformed) return false;
        int start = StunHeader.Size + _attributes.Position;
        bool isWhole = _attributes.TryReadUInt16(out ushort number) && _attributes.TryReadUInt16(out ushort length)
            && _attributes.TryReadBytes(length, out value) && _attributes.TrySkip((4 - (length % 4)) % 4);
        type = (StunAttribute)number;
        IsMalformed = !isWhole || HasFingerprint || (type == StunAttribute.Fingerprint && !IsRight(value, start));
        HasFingerprint = type == StunAttribute.Fingerprint && !IsMalformed;
        return !IsMalformed;
    }

    private readonly bool IsRight(ReadOnlySpan<byte> value, int start) =>
        value.Length == sizeof(uint) && BinaryPrimitives.ReadUInt32BigEndian(value) == StunFingerprint.Compute(_message[..start]);
}
