using System.Buffers.Binary;

namespace Btmm.Protocol.NatTraversal.Stun;

/// <summary>A Binding request as a server sees it (RFC 8489 §6.3). Lives as long as its bytes.</summary>
public readonly ref struct StunRequest
{
    private const int MaxUnknown = 8;
    private const ushort FirstOptional = 0x8000;

    private readonly ReadOnlySpan<byte> _message;

    private StunRequest(ReadOnlySpan<byte> message, StunChange? change, bool hasFingerprint)
    {
        _message = message;
        Change = change;
        HasFingerprint = hasFingerprint;
    }

    /// <summary>Its transaction id.</summary>
    public ReadOnlySpan<byte> TransactionId => StunHeader.TransactionIdOf(_message);

    /// <summary>Where the answer is to come from; null when the request does not say.</summary>
    public StunChange? Change { get; }

    /// <summary>Whether it has a check sum, so that its answer has one too.</summary>
    public bool HasFingerprint { get; }

    /// <summary>Reads a request; false for every other message and for malformed ones, which are not answered.</summary>
    /// <param name="message">The datagram.</param>
    /// <param name="request">The request.</param>
    public static bool TryParse(ReadOnlySpan<byte> message, out StunRequest request)
    {
        request = default;
        if (!StunHeader.IsStun(message) || StunHeader.TypeOf(message) != StunHeader.BindingRequest) return false;
        var reader = new StunReader(message);
        StunChange? change = null;
        while (reader.TryRead(out StunAttribute type, out ReadOnlySpan<byte> value))
        {
            if (type != StunAttribute.ChangeRequest) continue;
            if (value.Length != sizeof(uint)) return false;
            change ??= (StunChange)BinaryPrimitives.ReadUInt32BigEndian(value) & (StunChange.Address | StunChange.Port);
        }

        request = new StunRequest(message, change, reader.HasFingerprint);
        return !reader.IsMalformed;
    }

    /// <summary>
    /// Writes the attributes that must be understood and are not, each as two bytes, at most eight of them.
    /// </summary>
    /// <param name="destination">At least 16 bytes.</param>
    /// <param name="canChange">Whether answers can come from another address.</param>
    /// <returns>Bytes written; 0 when all is understood.</returns>
    public int ListUnknown(Span<byte> destination, bool canChange)
    {
        int written = 0;
        var reader = new StunReader(_message);
        while (written < MaxUnknown * sizeof(ushort) && reader.TryRead(out StunAttribute type, out _))
        {
            bool isKnown = (ushort)type >= FirstOptional || (type == StunAttribute.ChangeRequest ? canChange : Enum.IsDefined(type));
            if (isKnown) continue;
            BinaryPrimitives.WriteUInt16BigEndian(destination[written..], (ushort)type);
            written += sizeof(ushort);
        }

        return written;
    }
}
