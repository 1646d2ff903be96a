using System.Security.Cryptography;
using System.Text;
using Btmm.Core.Diagnostics;

namespace Btmm.Server.Administration;

/// <summary>The file with the key that a catalog's secrets are sealed with: one line of text, readable by its owner alone. Holds no state.</summary>
internal static class SealingKeyFile
{
    /// <summary>Bytes in the key.</summary>
    internal const int KeySize = 32;

    private const string Prefix = "btmm-sealing-key-1 ";
    private const int MaxLength = 256;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads the file, or makes it; the caller zeroes the key.</summary>
    /// <exception cref="BtmmException">KeyFileInvalid, PermissionDenied.</exception>
    internal static byte[] Read(string path, bool create)
    {
        try
        {
            if (!File.Exists(path))
                return create ? Make(path) : throw Missing(path);
            return Load(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BtmmException(
                BtmmErrorReason.PermissionDenied, $"The key file {path} cannot be used: {error.Message}", "Give the service's user read and write access to it and its directory.", error);
        }
    }

    private static byte[] Load(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0)
        {
            throw new BtmmException(
                BtmmErrorReason.KeyFileInvalid, $"The key file {path} can be read by others than its owner.", $"chmod 600 {path}, and renew the keys if somebody may have read it.");
        }

        Span<byte> text = stackalloc byte[MaxLength];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        int length = file.ReadAtLeast(text, MaxLength, throwOnEndOfStream: false);
        byte[] key = GC.AllocateUninitializedArray<byte>(KeySize, pinned: true);
        Span<char> characters = stackalloc char[MaxLength];
        characters = characters[..Encoding.Latin1.GetChars(text[..length], characters)].TrimEnd();
        bool isGood = length < MaxLength && characters.StartsWith(Prefix)
            && Convert.TryFromBase64Chars(characters[Prefix.Length..], key, out int written) && written == KeySize;
        CryptographicOperations.ZeroMemory(text);
        characters.Clear();
        return isGood ? key : throw new BtmmException(BtmmErrorReason.KeyFileInvalid, $"{path} is not a key file of a zone service; it was left as it is.", "Name the right file, or restore it from a backup.");
    }

    // In a file of another name first, so that a crash leaves no half of it; whoever comes second takes what the first one made.
    private static byte[] Make(string path)
    {
        byte[] key = RandomNumberGenerator.GetBytes(KeySize);
        string made = $"{path}.{Guid.NewGuid():N}.new";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        try
        {
            using (var file = new FileStream(made, options))
            {
                file.Write(Encoding.ASCII.GetBytes($"{Prefix}{Convert.ToBase64String(key)}\n"));
                file.Flush(flushToDisk: true);
            }

            File.Move(made, path, overwrite: false);
            return key;
        }
        catch (IOException) when (File.Exists(path))
        {
            CryptographicOperations.ZeroMemory(key);
            return Load(path);
        }
        finally
        {
            File.Delete(made);
        }
    }

    private static BtmmException Missing(string path) => new(
        BtmmErrorReason.KeyFileInvalid, $"The store holds sealed keys, but their key file {path} is missing.", "Put back the key file that belongs to this store.");
}
