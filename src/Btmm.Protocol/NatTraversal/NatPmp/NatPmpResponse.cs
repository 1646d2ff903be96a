using System.Buffers.Binary;
using System.Net;

namespace Btmm.Protocol.NatTraversal.NatPmp;

/// <summary>A NAT-PMP response or announcement (RFC 6886 §3.2, §3.3, §3.5). Immutable.</summary>
public sealed record NatPmpResponse
{
    /// <summary>The length of an address response in bytes.</summary>
    public const int AddressResponseLength = 12;

    /// <summary>The length of a map response in bytes.</summary>
    public const int MapResponseLength = 16;

    private const int ShortErrorLength = 8;      // "unsupported version" (§3.5)
    private const int ResultOffsetOfPcp = 3;     // The byte before it is reserved there (RFC 6887 §7.2).
    private const int EchoedRequestLength = 4;   // "unsupported opcode" returns the request, with a result code in it (§3.5)

    /// <summary>The operation that is answered.</summary>
    public required NatPmpOpcode Opcode { get; init; }

    /// <summary>The result; values outside the enumeration are errors (§3.5).</summary>
    public required NatPmpResult Result { get; init; }

    /// <summary>Seconds since the gateway's mapping table was last empty; null when the response has no such field.</summary>
    public uint? EpochSeconds { get; init; }

    /// <summary>The external address; only in successful address responses.</summary>
    public IPAddress? ExternalAddress { get; init; }

    /// <summary>The port on this host; null when an error answer is too short to say.</summary>
    public ushort? InternalPort { get; init; }

    /// <summary>The port on the gateway; 0 unless a mapping was made.</summary>
    public ushort ExternalPort { get; init; }

    /// <summary>The mapping's lifetime in seconds; 0 unless a mapping was made.</summary>
    public uint LifetimeSeconds { get; init; }

    // 0 version | 1 opcode + 128 | 2 result (2) | 4 epoch (4) | 8 address (4)
    //                                                         | 8 internal port (2) | 10 external port (2) | 12 lifetime (4)

    /// <summary>
    /// Reads a response. Errors may be shorter than the full layout. Of another version only the answer that it does not know this one
    /// is read, <see cref="NatPmpResult.UnsupportedVersion"/>. Bytes after the layout are ignored.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> message, out NatPmpResponse response)
    {
        response = s_none;
        if (message.Length < EchoedRequestLength) return false;
        int operation = message[1] & ~NatPmpConstants.ResponseBit;
        bool isResponse = (message[1] & NatPmpConstants.ResponseBit) != 0;
        if (operation > (byte)NatPmpOpcode.MapTcp) return false;
        NatPmpResult result = (NatPmpResult)BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        if (message[0] != NatPmpConstants.Version)
            return isResponse && message[ResultOffsetOfPcp] == (byte)NatPmpResult.UnsupportedVersion && TryParseOtherVersion(message, operation, out response);

        // §3.5 prints operation 0, without the top bit, in the answer to an unknown version.
        if (!isResponse && (result != NatPmpResult.UnsupportedVersion || message.Length != ShortErrorLength)) return false;
        NatPmpResponse parsed = new() { Opcode = (NatPmpOpcode)operation, Result = result };
        if (result == NatPmpResult.UnsupportedOpcode)
        {
            response = parsed; // What follows is the request, not an epoch.
            return true;
        }

        if (message.Length < ShortErrorLength) return false;
        parsed = parsed with { EpochSeconds = BinaryPrimitives.ReadUInt32BigEndian(message[4..]) };
        return parsed.Opcode == NatPmpOpcode.ExternalAddress
            ? TryAddAddress(message, parsed, out response)
            : TryAddMapping(message, parsed, out response);
    }

    /// <summary>Writes the response in its full layout, as a gateway does; false when <paramref name="destination"/> is too small.</summary>
    public bool TryWrite(Span<byte> destination, out int written)
    {
        int length = Opcode == NatPmpOpcode.ExternalAddress ? AddressResponseLength : MapResponseLength;
        written = 0;
        if (destination.Length < length) return false;
        destination[..length].Clear();
        destination[1] = (byte)(NatPmpConstants.ResponseBit | (byte)Opcode);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)Result);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], EpochSeconds ?? 0);
        written = length;
        if (Opcode == NatPmpOpcode.ExternalAddress)
            return ExternalAddress is null || ExternalAddress.TryWriteBytes(destination.Slice(8, 4), out _);
        BinaryPrimitives.WriteUInt16BigEndian(destination[8..], InternalPort ?? 0);
        BinaryPrimitives.WriteUInt16BigEndian(destination[10..], ExternalPort);
        BinaryPrimitives.WriteUInt32BigEndian(destination[12..], LifetimeSeconds);
        return true;
    }

    private static readonly NatPmpResponse s_none =
        new() { Opcode = NatPmpOpcode.ExternalAddress, Result = NatPmpResult.UnsupportedOpcode };

    /// <summary>A gateway that speaks only PCP answers in version 2 that it does not know version 0 (RFC 6887 §9).</summary>
    private static bool TryParseOtherVersion(ReadOnlySpan<byte> message, int operation, out NatPmpResponse response)
    {
        response = new NatPmpResponse { Opcode = (NatPmpOpcode)operation, Result = NatPmpResult.UnsupportedVersion };
        return message.Length >= ShortErrorLength;
    }

    private static bool TryAddAddress(ReadOnlySpan<byte> message, NatPmpResponse parsed, out NatPmpResponse response)
    {
        response = parsed;
        if (parsed.Result != NatPmpResult.Success) return true;
        if (message.Length < AddressResponseLength) return false;
        response = parsed with { ExternalAddress = new IPAddress(message.Slice(8, 4)) };
        return true;
    }

    private static bool TryAddMapping(ReadOnlySpan<byte> message, NatPmpResponse parsed, out NatPmpResponse response)
    {
        response = parsed;
        bool success = parsed.Result == NatPmpResult.Success;
        if (message.Length < MapResponseLength)
        {
            if (success) return false;
            if (message.Length >= 10) response = parsed with { InternalPort = BinaryPrimitives.ReadUInt16BigEndian(message[8..]) };
            return true;
        }

        response = parsed with
        {
            InternalPort = BinaryPrimitives.ReadUInt16BigEndian(message[8..]),
            ExternalPort = success ? BinaryPrimitives.ReadUInt16BigEndian(message[10..]) : (ushort)0,
            LifetimeSeconds = success ? BinaryPrimitives.ReadUInt32BigEndian(message[12..]) : 0,
        };
        return true;
    }
}
