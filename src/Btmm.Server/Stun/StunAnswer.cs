using System.Buffers.Binary;
using Btmm.Core.Contracts;
using Btmm.Protocol.NatTraversal.Stun;

namespace Btmm.Server.Stun;

/// <summary>
/// Tells senders how they look from here (RFC 8489). At the port of DNS the answer holds the masked address and nothing else but
/// the check sum when the request has one: hardly longer than the request, and of no use for flooding others. Holds no state.
/// </summary>
internal static class StunAnswer
{
    private const int MaxUnknown = 16;

    /// <summary>Answers a datagram that is STUN; returns the answer's length, 0 for none.</summary>
    internal static int Write(ReadOnlySpan<byte> message, in PeerAddress client, Span<byte> destination) =>
        StunRequest.TryParse(message, out StunRequest request) ? Write(request, client, origin: null, other: null, destination) : 0;

    /// <summary>Answers a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="client">Who sent it.</param>
    /// <param name="origin">From where it is answered, to be said with <paramref name="other"/>.</param>
    /// <param name="other">The server's other address (RFC 5780 §6.1); null when it has none.</param>
    /// <param name="destination">Where the answer goes.</param>
    internal static int Write(in StunRequest request, in PeerAddress client, PeerAddress? origin, PeerAddress? other, Span<byte> destination)
    {
        Span<byte> unknown = stackalloc byte[MaxUnknown];
        int unknownLength = request.ListUnknown(unknown, canChange: other is not null);
        bool isGood = unknownLength == 0;
        var writer = new StunWriter(destination, isGood ? StunHeader.BindingSuccess : StunHeader.BindingError, request.TransactionId);
        if (!isGood)
        {
            // 420; the number says it all, and a sentence would only make the answer longer.
            bool isWritten = writer.TryWrite(StunAttribute.ErrorCode, [0, 0, 4, 20]) && writer.TryWrite(StunAttribute.UnknownAttributes, unknown[..unknownLength]);
            return isWritten ? writer.Finish(request.HasFingerprint) : 0;
        }

        Span<byte> address = stackalloc byte[16];
        bool fits = writer.TryWriteMapped(Bytes(client, address), client.Port);
        if (origin is { } from && other is { } second)
        {
            fits = fits && writer.TryWriteAddress(StunAttribute.MappedAddress, Bytes(client, address), client.Port)
                && writer.TryWriteAddress(StunAttribute.ResponseOrigin, Bytes(from, address), from.Port)
                && writer.TryWriteAddress(StunAttribute.OtherAddress, Bytes(second, address), second.Port);
        }

        return fits ? writer.Finish(request.HasFingerprint) : 0;
    }

    private static ReadOnlySpan<byte> Bytes(in PeerAddress address, Span<byte> buffer)
    {
        BinaryPrimitives.WriteUInt128BigEndian(buffer, address.Address);
        return address.IsIPv4 ? buffer[12..] : buffer;
    }
}
