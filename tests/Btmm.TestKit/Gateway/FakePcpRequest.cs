using System.Buffers.Binary;
using System.Net;

namespace Btmm.TestKit;

/// <summary>
/// A PCP request as a <see cref="FakeGateway"/> reads it (RFC 6887 §7.1, §11.1), by code of its own, so that a mistake in the
/// client's codec shows.
/// </summary>
public sealed record FakePcpRequest
{
    internal const int HeaderLength = 24;
    internal const int MapLength = 60;

    /// <summary>The version.</summary>
    public required byte Version { get; init; }

    /// <summary>The opcode: 0 ANNOUNCE, 1 MAP.</summary>
    public required byte Opcode { get; init; }

    /// <summary>The lifetime wanted, in seconds.</summary>
    public uint LifetimeSeconds { get; init; }

    /// <summary>Whom the client says it is.</summary>
    public IPAddress ClientAddress { get; init; } = IPAddress.None;

    /// <summary>The nonce in hex.</summary>
    public string Nonce { get; init; } = "";

    /// <summary>IANA's protocol number.</summary>
    public byte Protocol { get; init; }

    /// <summary>The port on the client.</summary>
    public int InternalPort { get; init; }

    /// <summary>The port wanted, 0 for any.</summary>
    public int SuggestedExternalPort { get; init; }

    /// <summary>The address wanted.</summary>
    public IPAddress SuggestedExternalAddress { get; init; } = IPAddress.None;

    /// <summary>The codes of its options, in order.</summary>
    public IReadOnlyList<byte> Options { get; init; } = [];

    internal bool PrefersFailure => Options.Contains((byte)2);

    /// <summary>Reads a request. Null when it is malformed.</summary>
    internal static FakePcpRequest? Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength || bytes.Length % 4 != 0 || bytes[2] != 0 || bytes[3] != 0) return null;
        FakePcpRequest header = new()
        {
            Version = bytes[0],
            Opcode = bytes[1],
            LifetimeSeconds = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            ClientAddress = Address(bytes[8..24]),
        };
        if (header.Opcode != 1) return header with { Options = Codes(bytes[HeaderLength..]) };
        if (bytes.Length < MapLength || bytes[37] != 0 || bytes[38] != 0 || bytes[39] != 0) return null;
        return header with
        {
            Nonce = Convert.ToHexString(bytes[24..36]),
            Protocol = bytes[36],
            InternalPort = BinaryPrimitives.ReadUInt16BigEndian(bytes[40..]),
            SuggestedExternalPort = BinaryPrimitives.ReadUInt16BigEndian(bytes[42..]),
            SuggestedExternalAddress = Address(bytes[44..60]),
            Options = Codes(bytes[MapLength..]),
        };
    }

    private static IPAddress Address(ReadOnlySpan<byte> bytes)
    {
        IPAddress address = new(bytes);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    private static List<byte> Codes(ReadOnlySpan<byte> options)
    {
        List<byte> codes = [];
        while (options.Length >= 4)
        {
            codes.Add(options[0]);
            int length = (BinaryPrimitives.ReadUInt16BigEndian(options[2..]) + 3) / 4 * 4;
            options = options[Math.Min(options.Length, 4 + length)..];
        }

        return codes;
    }
}
