using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Btmm.Protocol.NatTraversal.Stun;

/// <summary>The answer to a Binding request as a client sees it (RFC 8489 §6.3.3, RFC 5780 §6). Immutable.</summary>
public sealed record StunResponse
{
    /// <summary>How the client looks from the server; null in an error.</summary>
    public IPEndPoint? MappedAddress { get; private init; }

    /// <summary>From where the server says it answered; null when it does not say.</summary>
    public IPEndPoint? Origin { get; private init; }

    /// <summary>The server's other address; null when it has none.</summary>
    public IPEndPoint? OtherAddress { get; private init; }

    /// <summary>The error's number, 300 to 699; 0 for none.</summary>
    public int Error { get; private init; }

    /// <summary>Writes a request.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="transactionId">12 bytes that nobody can foresee.</param>
    /// <param name="change">Where the answer is to come from.</param>
    /// <returns>Its length; 0 when there is no room.</returns>
    public static int WriteRequest(Span<byte> destination, ReadOnlySpan<byte> transactionId, StunChange change = StunChange.None)
    {
        var writer = new StunWriter(destination, StunHeader.BindingRequest, transactionId);
        if (change != StunChange.None && !writer.TryWrite(StunAttribute.ChangeRequest, [0, 0, 0, (byte)change])) return 0;
        return writer.Finish(withFingerprint: true);
    }

    /// <summary>Reads an answer to the request with a transaction id.</summary>
    /// <param name="message">The datagram.</param>
    /// <param name="transactionId">The request's id.</param>
    /// <param name="response">The answer.</param>
    /// <returns>False when it is none, is malformed, or has attributes that must be understood and are not.</returns>
    public static bool TryParse(ReadOnlySpan<byte> message, ReadOnlySpan<byte> transactionId, [NotNullWhen(true)] out StunResponse? response)
    {
        response = null;
        if (!StunHeader.IsStun(message) || StunHeader.TypeOf(message) is not (StunHeader.BindingSuccess or StunHeader.BindingError)) return false;
        if (!StunHeader.TransactionIdOf(message).SequenceEqual(transactionId)) return false;
        bool isError = StunHeader.TypeOf(message) == StunHeader.BindingError;
        IPEndPoint? mapped = null, clear = null, origin = null, other = null;
        int error = 0;
        var reader = new StunReader(message);
        while (reader.TryRead(out StunAttribute type, out ReadOnlySpan<byte> value))
        {
            // Of attributes that come more than once, the first counts (RFC 8489 §14).
            switch (type)
            {
                case StunAttribute.XorMappedAddress:
                    mapped ??= StunAddress.ReadMasked(value, message);
                    break;
                case StunAttribute.MappedAddress:
                    clear ??= StunAddress.Read(value);
                    break;
                case StunAttribute.ResponseOrigin:
                    origin ??= StunAddress.Read(value);
                    break;
                case StunAttribute.OtherAddress or StunAttribute.ChangedAddress:
                    other ??= StunAddress.Read(value);
                    break;
                case StunAttribute.ErrorCode when error == 0:
                    error = ErrorNumber(value);
                    break;
                default:
                    if ((ushort)type < 0x8000 && !Enum.IsDefined(type)) return false;
                    break;
            }
        }

        mapped = isError ? null : mapped ?? clear;
        if (reader.IsMalformed || (isError ? error == 0 : mapped is null)) return false;
        response = new StunResponse { MappedAddress = mapped, Origin = origin, OtherAddress = other, Error = isError ? error : 0 };
        return true;
    }

    /// <summary>The number in ERROR-CODE (RFC 8489 §14.8): a class of 3 to 6 and a number below 100; 0 when it is none.</summary>
    private static int ErrorNumber(ReadOnlySpan<byte> value) =>
        value.Length >= 4 && (value[2] & 7) is >= 3 and <= 6 && value[3] < 100 ? ((value[2] & 7) * 100) + value[3] : 0;
}
