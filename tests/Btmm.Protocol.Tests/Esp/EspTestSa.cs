using Btmm.Protocol.Esp;

namespace Btmm.Protocol.Tests.Esp;

/// <summary>Pairs of SAs with the same keys, and packets to send through them.</summary>
internal static class EspTestSa
{
    public const uint Spi = 0xC0FFEE01;

    public static EspSaParameters Parameters(bool extended = false, EspAlgorithm algorithm = EspAlgorithm.AesGcm256)
    {
        byte[] material = new byte[EspSaParameters.GetKeyingMaterialLength(algorithm)];
        for (int i = 0; i < material.Length; i++) material[i] = (byte)(i * 7);
        return new EspSaParameters
        {
            Spi = Spi, Algorithm = algorithm, KeyingMaterial = material, ExtendedSequenceNumbers = extended,
        };
    }

    public static byte[] Payload(int length, int seed = 1)
    {
        byte[] payload = new byte[length];
        new Random(seed).NextBytes(payload);
        return payload;
    }

    public static byte[] Seal(EspOutboundSa sa, ReadOnlySpan<byte> payload, byte nextHeader = EspConstants.NextHeaderIpv6)
    {
        byte[] buffer = new byte[payload.Length + EspConstants.Prefix + EspConstants.MaxSuffix];
        int offset = EspConstants.Prefix, length = payload.Length;
        payload.CopyTo(buffer.AsSpan(offset));
        Assert.Equal(EspSealStatus.Sealed, sa.TrySeal(buffer, ref offset, ref length, nextHeader));
        return buffer.AsSpan(offset, length).ToArray();
    }

    public static byte[] PayloadOf(byte[] packet, EspOpened opened) => packet.AsSpan(opened.Offset, opened.Length).ToArray();
}
