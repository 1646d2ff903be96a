using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Crypto;

/// <summary>Turns header and payloads into messages, in clear or inside an Encrypted payload (RFC 7296 §3.14, RFC 5282).</summary>
internal static class IkeProtectedMessage
{
    private const int PayloadHeaderSize = 4;

    /// <summary>Writes a message in clear; null when it would exceed the limit.</summary>
    public static byte[]? Write(IkeHeader header, IReadOnlyList<IkePayload> payloads)
    {
        var buffer = new byte[IkeLimits.MaxMessage];
        var writer = new IkeWriter(buffer);
        header.Write(ref writer);
        IkePayloadChain.Write(ref writer, payloads);
        if (writer.Overflow) return null;
        int length = writer.Written;
        Complete(buffer, header, payloads.Count > 0 ? payloads[0].Type : IkePayloadType.None, length);
        return buffer[..length];
    }

    // header(28) | next, critical, length(4) | IV(8) | encrypted {payloads | padding | pad length(1)} | ICV(16)
    /// <summary>Writes an encrypted message; null when it would exceed the limit.</summary>
    public static byte[]? Seal(IkeHeader header, IReadOnlyList<IkePayload> payloads, IkeCipher cipher)
    {
        var plain = new byte[IkeLimits.MaxMessage - 256];
        var writer = new IkeWriter(plain);
        IkePayloadChain.Write(ref writer, payloads);
        writer.Byte(0); // no padding: GCM needs none
        if (writer.Overflow) return null;
        int inner = writer.Written;
        int bodyOffset = IkeHeader.Size + PayloadHeaderSize;
        var message = new byte[bodyOffset + IkeCipher.IvSize + inner + IkeCipher.IcvSize];
        Complete(message, header, IkePayloadType.Encrypted, message.Length);
        int length = message.Length - IkeHeader.Size;
        message[IkeHeader.Size] = (byte)(payloads.Count > 0 ? payloads[0].Type : IkePayloadType.None);
        message[IkeHeader.Size + 2] = (byte)(length >> 8);
        message[IkeHeader.Size + 3] = (byte)length;
        cipher.Seal(message.AsSpan(0, bodyOffset), plain.AsSpan(0, inner), message.AsSpan(bodyOffset));
        return message;
    }

    /// <summary>
    /// Opens a message whose only use is inside its Encrypted payload; what stands before that payload in clear is ignored.
    /// </summary>
    /// <returns>False when it is not authentic. When it is but its inside is malformed, <paramref name="error"/> says how.</returns>
    public static bool TryOpen(
        IkeHeader header, ReadOnlySpan<byte> message, IkeCipher cipher, out IkeMessage opened, out IkeParseError error, out byte offender)
    {
        opened = new IkeMessage(header, []);
        error = IkePayloadChain.Parse(header.NextPayload, message, IkeHeader.Size, message.Length, out List<IkePayload> outer, out offender);
        if (error != IkeParseError.None || outer.Count == 0 || outer[^1] is not IkeEncryptedPayload closed) return false;
        if (!cipher.TryOpen(message[..closed.BodyOffset], message[closed.BodyOffset..], out byte[] plain)) return false;
        int end = plain.Length - 1 - plain[^1];
        if (end < 0)
        {
            error = IkeParseError.InvalidSyntax;
            return true;
        }

        error = IkePayloadChain.Parse(closed.FirstInner, plain, 0, end, out List<IkePayload> payloads, out offender);
        if (error == IkeParseError.None && payloads.Exists(p => p is IkeEncryptedPayload)) error = IkeParseError.InvalidSyntax;
        if (error == IkeParseError.None) opened = new IkeMessage(header, payloads);
        return true;
    }

    private static void Complete(Span<byte> message, IkeHeader header, IkePayloadType next, int length)
    {
        var writer = new IkeWriter(message);
        (header with { NextPayload = next, Length = (uint)length }).Write(ref writer);
    }
}
