using Microsoft.Win32.SafeHandles;

namespace Btmm.Platform.Cryptography;

/// <summary>Owns an EVP_CIPHER_CTX; freeing it clears the key.</summary>
internal sealed class OpenSslContextHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public OpenSslContextHandle()
        : base(ownsHandle: true) => SetHandle(OpenSslNative.NewContext());

    protected override bool ReleaseHandle()
    {
        OpenSslNative.FreeContext(handle);
        return true;
    }
}
