using System.Security.Cryptography;

namespace Btmm.Protocol.Ike.Crypto;

/// <summary>One side's Diffie-Hellman key, for one exchange.</summary>
internal sealed class IkeKeyPair : IDisposable
{
    private readonly ECDiffieHellman _key;

    internal IkeKeyPair(IkeGroup group, ECDiffieHellman key)
    {
        Group = group;
        _key = key;
        ECParameters parameters = key.ExportParameters(false);
        Public = [.. parameters.Q.X ?? [], .. parameters.Q.Y ?? []];
    }

    public IkeGroup Group { get; }

    /// <summary>x | y.</summary>
    public byte[] Public { get; }

    /// <summary>The shared secret: the x coordinate. False when the peer's value is no point of the curve.</summary>
    public bool TryAgree(ReadOnlySpan<byte> peerPublic, out byte[] secret)
    {
        secret = [];
        if (!Group.IsValidPublic(peerPublic)) return false;
        try
        {
            using var peer = ECDiffieHellman.Create(Group.PublicParameters(peerPublic));
            secret = _key.DeriveRawSecretAgreement(peer.PublicKey);
            return true;
        }
        catch (CryptographicException)
        {
            return false; // the platform's library refuses the point: the same answer as for one off the curve
        }
    }

    public void Dispose() => _key.Dispose();
}
