using System.Runtime.InteropServices;
using Btmm.Protocol.Esp;

namespace Btmm.Platform.Cryptography;

/// <summary>Chooses the fastest authenticated ciphers of this machine. Thread-safe.</summary>
public static class PlatformCiphers
{
    private static readonly Lazy<IAeadCipherFactory> s_fastest = new(Choose);

    /// <summary>
    /// OpenSSL's, directly, where it is there and gives the same answers as the class library; else the class library's.
    /// </summary>
    public static IAeadCipherFactory Fastest => s_fastest.Value;

    /// <summary>OpenSSL's ciphers; null where there is no OpenSSL 3.</summary>
    internal static IAeadCipherFactory? OpenSsl { get; } = LoadOpenSsl();

    private static IAeadCipherFactory? LoadOpenSsl() =>
        OperatingSystem.IsLinux() && NativeLibrary.TryLoad(OpenSslNative.Library, out _) ? new OpenSslFactory() : null;

    private static IAeadCipherFactory Choose() =>
        OpenSsl is { } factory && AgreesWithClassLibrary(factory, EspAlgorithm.AesGcm128)
            && AgreesWithClassLibrary(factory, EspAlgorithm.AesGcm256)
            ? factory
            : BclAeadCipherFactory.Instance;

    // A known answer before the first use: what a wrong cipher would send could not be called back.
    private static bool AgreesWithClassLibrary(IAeadCipherFactory factory, EspAlgorithm algorithm)
    {
        byte[] key = new byte[EspSaParameters.GetKeyLength(algorithm)], nonce = new byte[12], associated = [1, 2, 3, 4];
        byte[] ours = new byte[100], theirs = new byte[100], ourTag = new byte[16], theirTag = new byte[16];
        Array.Fill(key, (byte)0x5A);
        using IAeadCipher candidate = factory.Create(algorithm, key);
        using IAeadCipher reference = BclAeadCipherFactory.Instance.Create(algorithm, key);
        candidate.Seal(nonce, associated, ours, ourTag);
        reference.Seal(nonce, associated, theirs, theirTag);
        return ours.AsSpan().SequenceEqual(theirs) && ourTag.AsSpan().SequenceEqual(theirTag)
            && candidate.TryOpen(nonce, associated, ours, ourTag) && ours.AsSpan().SequenceEqual(new byte[100]);
    }

    private sealed class OpenSslFactory : IAeadCipherFactory
    {
        public IAeadCipher Create(EspAlgorithm algorithm, ReadOnlySpan<byte> key) => new OpenSslCipher(algorithm, key);
    }
}
