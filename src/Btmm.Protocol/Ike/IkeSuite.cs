namespace Btmm.Protocol.Ike;

/// <summary>A set of algorithms for an IKE SA (RFC 8247, RFC 5282, RFC 5903), named as strongSwan names them.</summary>
public enum IkeSuite
{
    /// <summary>aes256gcm16-prfsha384-ecp384.</summary>
    Aes256Gcm16PrfSha384Ecp384,

    /// <summary>aes256gcm16-prfsha256-ecp256.</summary>
    Aes256Gcm16PrfSha256Ecp256,

    /// <summary>aes256gcm16-prfsha512-ecp384.</summary>
    Aes256Gcm16PrfSha512Ecp384,

    /// <summary>aes128gcm16-prfsha256-ecp256; only where <see cref="IkeOptions.AllowAes128"/> permits.</summary>
    Aes128Gcm16PrfSha256Ecp256,
}
