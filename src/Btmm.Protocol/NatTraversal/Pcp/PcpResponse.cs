using System.Buffers.Binary;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>A PCP response, asked for or not (RFC 6887 §7.2). Immutable.</summary>
public sealed record PcpResponse
{
    private const int ShortestAnswer = 4;
    private const int ResultOffset = 3;
    private const int LifetimeOffset = 4;
    private const int EpochOffset = 8;

    /// <summary>
    /// The version in which the server answers. When it is not <see cref="PcpConstants.Version"/>, the result is
    /// <see cref="PcpResult.UnsupportedVersion"/> and nothing else is known but the lifetime (§9 item 5);
    /// <see cref="PcpConstants.NatPmpVersion"/> tells that the server speaks NAT-PMP (§9, appendix A).
    /// </summary>
    public byte Version { get; init; } = PcpConstants.Version;

    /// <summary>The operation that is answered.</summary>
    public required PcpOpcode Opcode { get; init; }

    /// <summary>The result; values outside the enumeration are errors.</summary>
    public required PcpResult Result { get; init; }

    /// <summary>The mapping's lifetime in seconds; of an error, how long it is expected to last.</summary>
    public uint LifetimeSeconds { get; init; }

    /// <summary>Seconds since the server's mapping table was last empty; null when the response has no such field.</summary>
    public uint? EpochSeconds { get; init; }

    /// <summary>The mapping; null unless the operation is MAP. In an error, what was suggested; null in one that is the header alone.</summary>
    public PcpMap? Map { get; init; }

    /// <summary>The options; in a success, those that the server heeded.</summary>
    public PcpOptions Options { get; init; } = PcpOptions.None;

    // 0 version | 1 opcode + 128 | 2 reserved | 3 result | 4 lifetime (4) | 8 epoch (4) | 12 reserved (12) | 24 mapping, options

    /// <summary>
    /// Reads a response as a client does (§8.3). Options that are not understood are ignored, and so is what makes no sense among them
    /// (§7.3). An error should be as long as its request, but some servers send the header alone: better a "no" than silence.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> message, out PcpResponse response)
    {
        response = s_none;
        if (message.Length < ShortestAnswer) return false;
        if (message[0] != PcpConstants.Version) return TryParseOtherVersion(message, out response);
        if ((message[1] & PcpConstants.ResponseBit) == 0 || message.Length < PcpConstants.HeaderLength) return false;
        if (message.Length > PcpConstants.MaxMessageLength || message.Length % PcpConstants.Alignment != 0) return false;
        PcpResponse parsed = new()
        {
            Opcode = (PcpOpcode)(message[1] & ~PcpConstants.ResponseBit),
            Result = (PcpResult)message[ResultOffset],
            LifetimeSeconds = BinaryPrimitives.ReadUInt32BigEndian(message[LifetimeOffset..]),
            EpochSeconds = BinaryPrimitives.ReadUInt32BigEndian(message[EpochOffset..]),
        };
        ReadOnlySpan<byte> rest = message[PcpConstants.HeaderLength..];
        bool isBareError = rest.IsEmpty && parsed.Result != PcpResult.Success;
        if (parsed.Opcode == PcpOpcode.Map && !isBareError)
        {
            if (!PcpMap.TryRead(rest, out PcpMap map)) return false;
            parsed = parsed with { Map = map };
            rest = rest[PcpConstants.MapLength..];
        }
        else if (parsed.Opcode is not (PcpOpcode.Announce or PcpOpcode.Map))
        {
            return false;
        }

        PcpOptions.Read(rest, out PcpOptions options);
        response = parsed with { Options = options };
        return true;
    }

    /// <summary>Writes the response, as a server does; false when <paramref name="destination"/> is too small.</summary>
    public bool TryWrite(Span<byte> destination, out int written)
    {
        written = 0;
        int length = PcpConstants.HeaderLength + (Map is null ? 0 : PcpConstants.MapLength) + Options.WireLength;
        if (destination.Length < length || length > PcpConstants.MaxMessageLength) return false;
        destination[..length].Clear();
        WriteHeader(destination, Version, (byte)Opcode, Result, LifetimeSeconds, EpochSeconds ?? 0);
        Span<byte> rest = destination[PcpConstants.HeaderLength..];
        if (Map is { } map)
        {
            if (!map.TryWrite(rest)) return false;
            rest = rest[PcpConstants.MapLength..];
        }

        if (!Options.TryWrite(rest)) return false;
        written = length;
        return true;
    }

    /// <summary>
    /// Writes an error to a request, as a server does (§8.2): the whole request comes back, cut or padded to what a message may be, with
    /// the header changed. In a request that could not be read, the end of the client's address stays too (§7.2).
    /// </summary>
    /// <param name="request">The request's datagram, at least two bytes.</param>
    /// <param name="error">The result.</param>
    /// <param name="lifetimeSeconds">How long the error will last.</param>
    /// <param name="epochSeconds">The server's epoch.</param>
    /// <param name="destination">Where to write.</param>
    /// <param name="written">How much was written.</param>
    public static bool TryWriteError(
        ReadOnlySpan<byte> request, PcpResult error, uint lifetimeSeconds, uint epochSeconds, Span<byte> destination, out int written)
    {
        written = 0;
        if (request.Length < 2) return false;
        if (request.Length > PcpConstants.MaxMessageLength) request = request[..PcpConstants.MaxMessageLength];
        int padded = (request.Length + PcpConstants.Alignment - 1) / PcpConstants.Alignment * PcpConstants.Alignment;
        int length = Math.Max(PcpConstants.HeaderLength, padded);
        if (destination.Length < length) return false;
        destination[..length].Clear();
        request.CopyTo(destination);
        WriteHeader(destination, PcpConstants.Version, request[1], error, lifetimeSeconds, epochSeconds);
        written = length;
        return true;
    }

    private static readonly PcpResponse s_none = new() { Opcode = PcpOpcode.Announce, Result = PcpResult.UnsupportedVersion };

    /// <summary>
    /// What a server that does not speak version 2 answers. One of NAT-PMP gives its own error or, when it pays no heed to the version,
    /// its own answer to what it took for a request of its own; either shows what it speaks.
    /// </summary>
    private static bool TryParseOtherVersion(ReadOnlySpan<byte> message, out PcpResponse response)
    {
        response = s_none with { Version = message[0], Opcode = (PcpOpcode)(message[1] & ~PcpConstants.ResponseBit) };
        if (message[0] == PcpConstants.NatPmpVersion) return NatPmpResponse.TryParse(message, out _);
        if (message.Length >= EpochOffset)
            response = response with { LifetimeSeconds = BinaryPrimitives.ReadUInt32BigEndian(message[LifetimeOffset..]) };
        return (message[1] & PcpConstants.ResponseBit) != 0 && message[ResultOffset] == (byte)PcpResult.UnsupportedVersion;
    }

    private static void WriteHeader(Span<byte> destination, byte version, byte opcode, PcpResult result, uint lifetime, uint epoch)
    {
        destination[0] = version;
        destination[1] = (byte)(opcode | PcpConstants.ResponseBit);
        destination[2] = 0;
        destination[ResultOffset] = (byte)result;
        BinaryPrimitives.WriteUInt32BigEndian(destination[LifetimeOffset..], lifetime);
        BinaryPrimitives.WriteUInt32BigEndian(destination[EpochOffset..], epoch);
    }
}
