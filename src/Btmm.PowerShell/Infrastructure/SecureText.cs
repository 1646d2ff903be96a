using System.Runtime.InteropServices;
using System.Security;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Lends the characters of a <see cref="SecureString"/> for the length of one call.</summary>
internal static class SecureText
{
    /// <summary>Runs <paramref name="body"/> with the characters, and zeroes them after.</summary>
    public static T Use<T>(SecureString text, Func<char[], T> body)
    {
        char[] characters = GC.AllocateUninitializedArray<char>(text.Length, pinned: true);
        IntPtr copy = Marshal.SecureStringToGlobalAllocUnicode(text);
        try
        {
            Marshal.Copy(copy, characters, 0, characters.Length);
            return body(characters);
        }
        finally
        {
            Array.Clear(characters);
            Marshal.ZeroFreeGlobalAllocUnicode(copy);
        }
    }
}
