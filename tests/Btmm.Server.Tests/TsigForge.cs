using System.Buffers.Binary;
using System.Security.Cryptography;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

/// <summary>
/// Signs requests by hand (RFC 8945 §4.3), with whatever a proper signer would never write: the MAC is right for the fields given,
/// or cut or prolonged.
/// </summary>
internal sealed record TsigForge(TsigKey Key)
{
    internal ulong TimeSigned { get; init; }

    internal ushort Fudge { get; init; } = 300;

    internal TsigError Error { get; init; }

    internal byte[] Other { get; init; } = [];

    /// <summary>Bytes of the MAC in the record; null for all.</summary>
    internal int? MacLength { get; init; }

    /// <summary>The algorithm's name in the record and in what is signed; null for the key's.</summary>
    internal DnsName? Algorithm { get; init; }

    /// <summary>The id in the header, when a forwarder changed it.</summary>
    internal ushort? OtherId { get; init; }

    internal DnsRecord Record(DnsMessage message)
    {
        byte[] secret = new byte[Key.SecretLength];
        Key.CopySecretTo(secret);
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        DnsName algorithm = Algorithm ?? Key.Algorithm.WireName;
        hash.AppendData(message.ToArray());
        hash.AppendData(Key.Name.ToLower().Wire);
        hash.AppendData([0, 255, 0, 0, 0, 0]);
        hash.AppendData(algorithm.ToLower().Wire);
        Span<byte> fields = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(fields, TimeSigned);
        hash.AppendData(fields[2..]);
        BinaryPrimitives.WriteUInt16BigEndian(fields, Fudge);
        BinaryPrimitives.WriteUInt16BigEndian(fields[2..], (ushort)Error);
        BinaryPrimitives.WriteUInt16BigEndian(fields[4..], (ushort)Other.Length);
        hash.AppendData(fields[..6]);
        hash.AppendData(Other);
        byte[] mac = hash.GetHashAndReset();
        Array.Resize(ref mac, MacLength ?? mac.Length);
        return new DnsRecord(Key.Name, DnsType.TSIG, DnsClass.ANY, 0, new TsigData(algorithm, TimeSigned, Fudge, mac, message.Id, Error, Other));
    }

    internal byte[] Sign(DnsMessage message) =>
        (message with { Id = OtherId ?? message.Id, Additional = [.. message.Additional, Record(message)] }).ToArray();
}
