using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Btmm.Protocol.Ike.Crypto;

/// <summary>The keys of one IKE SA (RFC 7296 §2.14, §2.18). Not thread-safe; zeroed by <see cref="Dispose"/>.</summary>
internal sealed class IkeKeys : IDisposable
{
    private readonly byte[] _derive;

    private IkeKeys(IkeAlgorithms algorithms, ReadOnlySpan<byte> material, bool isInitiator)
    {
        Algorithms = algorithms;
        int prf = algorithms.Prf.Size;
        int cipher = algorithms.CipherKeySize;
        _derive = material[..prf].ToArray(); // SK_d; SK_ai and SK_ar are empty with an AEAD (RFC 5282 §7)
        ReadOnlySpan<byte> initiatorKey = material.Slice(prf, cipher);
        ReadOnlySpan<byte> responderKey = material.Slice(prf + cipher, cipher);
        InitiatorAuth = material.Slice(prf + 2 * cipher, prf).ToArray();
        ResponderAuth = material.Slice(2 * prf + 2 * cipher, prf).ToArray();
        Send = new IkeCipher(isInitiator ? initiatorKey : responderKey);
        Receive = new IkeCipher(isInitiator ? responderKey : initiatorKey);
    }

    public IkeAlgorithms Algorithms { get; }

    public IkeCipher Send { get; }

    public IkeCipher Receive { get; }

    /// <summary>SK_pi.</summary>
    public byte[] InitiatorAuth { get; }

    /// <summary>SK_pr.</summary>
    public byte[] ResponderAuth { get; }

    /// <summary>SKEYSEED = prf (Ni | Nr, g^ir).</summary>
    public static IkeKeys Derive(
        IkeAlgorithms algorithms, ReadOnlySpan<byte> secret, byte[] ni, byte[] nr, ulong initiatorSpi, ulong responderSpi, bool isInitiator)
    {
        byte[] seed = algorithms.Prf.Compute((byte[])[.. ni, .. nr], secret);
        return FromSeed(algorithms, seed, ni, nr, initiatorSpi, responderSpi, isInitiator);
    }

    /// <summary>SKEYSEED = prf (SK_d of the old SA, g^ir | Ni | Nr), with the old SA's prf.</summary>
    public IkeKeys Rekey(
        IkeAlgorithms algorithms, byte[] secret, byte[] ni, byte[] nr, ulong initiatorSpi, ulong responderSpi, bool isInitiator)
    {
        byte[] seed = Algorithms.Prf.Compute(_derive, secret, ni, nr);
        return FromSeed(algorithms, seed, ni, nr, initiatorSpi, responderSpi, isInitiator);
    }

    /// <summary>KEYMAT of a child SA = prf+ (SK_d, [g^ir |] Ni | Nr) (RFC 7296 §2.17): initiator's sending direction first.</summary>
    public (byte[] FromInitiator, byte[] FromResponder) DeriveChild(byte[]? secret, byte[] ni, byte[] nr, int keySize)
    {
        byte[] seed = [.. secret ?? [], .. ni, .. nr];
        byte[] material = Algorithms.Prf.Expand(_derive, seed, 2 * keySize);
        byte[] first = material[..keySize];
        byte[] second = material[keySize..];
        CryptographicOperations.ZeroMemory(material);
        CryptographicOperations.ZeroMemory(seed);
        return (first, second);
    }

    public void Dispose()
    {
        Send.Dispose();
        Receive.Dispose();
        CryptographicOperations.ZeroMemory(_derive);
        CryptographicOperations.ZeroMemory(InitiatorAuth);
        CryptographicOperations.ZeroMemory(ResponderAuth);
    }

    // {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} = prf+ (SKEYSEED, Ni | Nr | SPIi | SPIr)
    private static IkeKeys FromSeed(
        IkeAlgorithms algorithms, byte[] skeyseed, byte[] ni, byte[] nr, ulong initiatorSpi, ulong responderSpi, bool isInitiator)
    {
        var seed = new byte[ni.Length + nr.Length + 16];
        ni.CopyTo(seed, 0);
        nr.CopyTo(seed, ni.Length);
        BinaryPrimitives.WriteUInt64BigEndian(seed.AsSpan(ni.Length + nr.Length), initiatorSpi);
        BinaryPrimitives.WriteUInt64BigEndian(seed.AsSpan(ni.Length + nr.Length + 8), responderSpi);
        int length = 3 * algorithms.Prf.Size + 2 * algorithms.CipherKeySize;
        byte[] material = algorithms.Prf.Expand(skeyseed, seed, length);
        var keys = new IkeKeys(algorithms, material, isInitiator);
        CryptographicOperations.ZeroMemory(material);
        CryptographicOperations.ZeroMemory(skeyseed);
        return keys;
    }
}
