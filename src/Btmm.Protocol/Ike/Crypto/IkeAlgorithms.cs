using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Crypto;

/// <summary>The parts of an <see cref="IkeSuite"/>.</summary>
internal sealed record IkeAlgorithms(IkeSuite Suite, ushort KeyBits, ushort PrfId, IkePrf Prf, IkeGroup Group)
{
    private static readonly IkeAlgorithms[] s_all =
    [
        new(IkeSuite.Aes256Gcm16PrfSha384Ecp384, 256, IkeTransformId.PrfHmacSha384, IkePrf.Sha384, IkeGroup.Ecp384),
        new(IkeSuite.Aes256Gcm16PrfSha256Ecp256, 256, IkeTransformId.PrfHmacSha256, IkePrf.Sha256, IkeGroup.Ecp256),
        new(IkeSuite.Aes256Gcm16PrfSha512Ecp384, 256, IkeTransformId.PrfHmacSha512, IkePrf.Sha512, IkeGroup.Ecp384),
        new(IkeSuite.Aes128Gcm16PrfSha256Ecp256, 128, IkeTransformId.PrfHmacSha256, IkePrf.Sha256, IkeGroup.Ecp256),
    ];

    /// <summary>Bytes of SK_e: key and salt.</summary>
    public int CipherKeySize => KeyBits / 8 + IkeCipher.SaltSize;

    public static IkeAlgorithms For(IkeSuite suite) => s_all.First(a => a.Suite == suite);
}
