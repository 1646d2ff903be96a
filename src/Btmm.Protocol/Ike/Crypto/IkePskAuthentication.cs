using System.Security.Cryptography;

namespace Btmm.Protocol.Ike.Crypto;

/// <summary>The proof of a pre-shared key (RFC 7296 §2.15).</summary>
internal static class IkePskAuthentication
{
    /// <summary>
    /// AUTH = prf (prf (PSK, "Key Pad for IKEv2"), first message | other side's nonce | prf (SK_p, identity payload's body)).
    /// </summary>
    public static byte[] Compute(
        IkePrf prf, ReadOnlySpan<byte> preSharedKey, ReadOnlySpan<byte> firstMessage, ReadOnlySpan<byte> otherNonce,
        ReadOnlySpan<byte> authKey, ReadOnlySpan<byte> identityBody)
    {
        byte[] key = prf.Compute(preSharedKey, "Key Pad for IKEv2"u8);
        byte[] maced = prf.Compute(authKey, identityBody);
        byte[] proof = prf.Compute(key, firstMessage, otherNonce, maced);
        CryptographicOperations.ZeroMemory(key);
        return proof;
    }
}
