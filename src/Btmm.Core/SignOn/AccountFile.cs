using System.Security.Cryptography;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.SignOn;

/// <summary>
/// Keeps accounts in files: the plain form for this host's own use (readable by its owner alone) and the sealed form, encrypted
/// with a passphrase, by which another host joins. Thread-safe: a file is replaced in one step.
/// </summary>
public static class AccountFile
{
    /// <summary>The longest account file that is read, bytes.</summary>
    public const int MaxLength = SealedAccountFormat.MaxLength;

    /// <summary>The shortest passphrase that <see cref="ExportAsync"/> takes, characters.</summary>
    public const int MinPassphraseLength = 8;

    /// <summary>Reads a plain account file.</summary>
    /// <exception cref="BtmmException">AccountFileInvalid: damaged, too long or of an unknown version; PermissionDenied; NameNotFound: no such file.</exception>
    public static async Task<BtmmAccount> LoadAsync(string path, CancellationToken cancellationToken = default)
    {
        byte[] content = await ReadAsync(path, cancellationToken).ConfigureAwait(false);
        try
        {
            return AccountJson.TryRead(content, out BtmmAccount? account) ? account : throw Damaged(path);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>Writes a plain account file with mode 0600, replacing what was there.</summary>
    /// <exception cref="BtmmException">PermissionDenied: the file cannot be written.</exception>
    public static async Task SaveAsync(BtmmAccount account, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(account);
        byte[] content = AccountJson.Write(account, withAuthorityKey: true);
        try
        {
            await WriteAsync(path, content, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>Writes the account encrypted with a passphrase. Takes a good part of a second on purpose.</summary>
    /// <param name="account">The account.</param>
    /// <param name="path">The file.</param>
    /// <param name="passphrase">At least <see cref="MinPassphraseLength"/> characters.</param>
    /// <param name="withAuthorityKey">Whether the other host gets the authority's private key too: only one that runs a zone server needs it.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="BtmmException">InvalidValue: the passphrase is too short; PermissionDenied: the file cannot be written.</exception>
    public static async Task ExportAsync(
        BtmmAccount account, string path, ReadOnlyMemory<char> passphrase, bool withAuthorityKey = false, CancellationToken cancellationToken = default)
    {
        byte[] sealedContent = Seal(account, passphrase.Span, withAuthorityKey);
        await WriteAsync(path, sealedContent, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads an account encrypted with a passphrase.</summary>
    /// <exception cref="BtmmException">AccountFileInvalid: damaged or wrong passphrase; PermissionDenied; NameNotFound: no such file.</exception>
    public static async Task<BtmmAccount> ImportAsync(string path, ReadOnlyMemory<char> passphrase, CancellationToken cancellationToken = default)
    {
        byte[] content = await ReadAsync(path, cancellationToken).ConfigureAwait(false);
        return Open(content, passphrase.Span);
    }

    /// <summary>The bytes that <see cref="ExportAsync"/> writes.</summary>
    /// <exception cref="BtmmException">InvalidValue: the passphrase is too short.</exception>
    public static byte[] Seal(BtmmAccount account, ReadOnlySpan<char> passphrase, bool withAuthorityKey = false)
    {
        ArgumentNullException.ThrowIfNull(account);
        if (passphrase.Length < MinPassphraseLength)
        {
            throw new BtmmException(
                BtmmErrorReason.InvalidValue,
                $"A passphrase needs at least {MinPassphraseLength} characters.",
                "Choose a longer passphrase, for example four random words.");
        }

        byte[] content = AccountJson.Write(account, withAuthorityKey);
        try
        {
            return SealedAccountFormat.Seal(content, passphrase);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>Reads the bytes that <see cref="Seal"/> made.</summary>
    /// <exception cref="BtmmException">AccountFileInvalid: damaged or wrong passphrase.</exception>
    public static BtmmAccount Open(ReadOnlySpan<byte> sealedContent, ReadOnlySpan<char> passphrase)
    {
        if (SealedAccountFormat.TryOpen(sealedContent, passphrase, out byte[] content))
        {
            try
            {
                if (AccountJson.TryRead(content, out BtmmAccount? account))
                    return account;
            }
            finally
            {
                CryptographicOperations.ZeroMemory(content);
            }
        }

        throw new BtmmException(
            BtmmErrorReason.AccountFileInvalid,
            "The exported account cannot be opened: the passphrase is wrong or the file is damaged.",
            "Check the passphrase, or export the account again on a host that has it.");
    }

    private static async Task<byte[]> ReadAsync(string path, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return await PrivateFile.ReadAsync(path, MaxLength, cancellationToken).ConfigureAwait(false) ?? throw Damaged(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BtmmException(BtmmErrorReason.NameNotFound, $"There is no account file {path}.", "Check the path, or make or import an account first.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Denied(path, error);
        }
    }

    private static async Task WriteAsync(string path, byte[] content, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            await PrivateFile.ReplaceAsync(path, content, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Denied(path, error);
        }
    }

    private static BtmmException Damaged(string path) => new(
        BtmmErrorReason.AccountFileInvalid,
        $"The account file {path} is damaged or of an unknown version.",
        "Restore it from a copy, or import the account again.");

    private static BtmmException Denied(string path, Exception error) => new(
        BtmmErrorReason.PermissionDenied,
        $"The account file {path} cannot be used: {error.Message}",
        "Run as the file's owner, or choose another path.",
        error);
}
