using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;

namespace Btmm.Protocol.Ike.Crypto;

/// <summary>The data of NAT_DETECTION_*_IP: SHA-1 (SPIi | SPIr | address | port) (RFC 7296 §2.23). Not a security mechanism.</summary>
internal static class IkeNatDetection
{
    public const int Size = 20;

    public static byte[] Compute(ulong initiatorSpi, ulong responderSpi, IPEndPoint endpoint)
    {
        Span<byte> data = stackalloc byte[34];
        BinaryPrimitives.WriteUInt64BigEndian(data, initiatorSpi);
        BinaryPrimitives.WriteUInt64BigEndian(data[8..], responderSpi);
        IPAddress address = endpoint.Address.IsIPv4MappedToIPv6 ? endpoint.Address.MapToIPv4() : endpoint.Address;
        address.TryWriteBytes(data[16..], out int length);
        BinaryPrimitives.WriteUInt16BigEndian(data[(16 + length)..], (ushort)endpoint.Port);
#pragma warning disable CA5350 // SHA-1 is what the protocol prescribes here; nothing depends on its strength
        return SHA1.HashData(data[..(18 + length)]);
#pragma warning restore CA5350
    }
}
