using System.Runtime.InteropServices;

namespace Btmm.Platform.Cryptography;

/// <summary>The EVP calls of OpenSSL 3 behind <see cref="OpenSslCipher"/>.</summary>
internal static unsafe partial class OpenSslNative
{
    internal const string Library = "libcrypto.so.3";
    internal const int SetIvLength = 0x9;
    internal const int GetTag = 0x10;
    internal const int SetTag = 0x11;

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_new")]
    internal static partial nint NewContext();

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_free")]
    internal static partial void FreeContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_aes_128_gcm")]
    internal static partial nint Aes128Gcm();

    [LibraryImport(Library, EntryPoint = "EVP_aes_256_gcm")]
    internal static partial nint Aes256Gcm();

    [LibraryImport(Library, EntryPoint = "EVP_chacha20_poly1305")]
    internal static partial nint ChaCha20Poly1305();

    [LibraryImport(Library, EntryPoint = "EVP_CipherInit_ex")]
    internal static partial int Init(nint context, nint cipher, nint engine, byte* key, byte* iv, int encrypt);

    [LibraryImport(Library, EntryPoint = "EVP_CipherUpdate")]
    internal static partial int Update(nint context, byte* output, int* outputLength, byte* input, int inputLength);

    [LibraryImport(Library, EntryPoint = "EVP_CipherFinal_ex")]
    internal static partial int Final(nint context, byte* output, int* outputLength);

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_ctrl")]
    internal static partial int Control(nint context, int type, int argument, byte* pointer);
}
