using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Btmm.Core.Diagnostics;

namespace Btmm.Server;

/// <summary>
/// Where a server's certificate and private key are kept: one PEM file with both, two PEM files, or a PFX file. They are read
/// when the service starts and again when a file has changed, so that a renewed certificate needs no restart. Immutable.
/// </summary>
/// <param name="File">PEM: the certificate, then those above it; or PFX.</param>
/// <param name="KeyFile">PEM: the private key, when it is not in <paramref name="File"/>.</param>
/// <param name="Password">Opens the PFX file or the encrypted key; never printed.</param>
public sealed record ServerCertificate(string File, string? KeyFile = null, string? Password = null)
{
    /// <summary>Reads the files; the caller disposes the certificates. The first has the private key.</summary>
    /// <exception cref="BtmmException">CertificateInvalid: a file is missing, unreadable, or not what it should be.</exception>
    internal X509Certificate2Collection Load()
    {
        try
        {
            return IsPem() ? LoadPem() : LoadPfx();
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BtmmException(
                BtmmErrorReason.CertificateInvalid,
                $"The server certificate {File} cannot be used: {error.Message}",
                "Give a PEM file with the certificate and one with its unencrypted key, or a PFX file, that this user may read.",
                error);
        }
    }

    /// <summary>When one of the files was last written.</summary>
    internal DateTime LastWrite()
    {
        DateTime first = System.IO.File.GetLastWriteTimeUtc(File);
        DateTime second = KeyFile is null ? first : System.IO.File.GetLastWriteTimeUtc(KeyFile);
        return first > second ? first : second;
    }

    /// <summary>The file's name; never the password.</summary>
    public override string ToString() => File;

    private bool IsPem()
    {
        // DER, and so PFX, begins with a SEQUENCE; PEM is text.
        using FileStream stream = System.IO.File.OpenRead(File);
        return stream.ReadByte() != 0x30;
    }

    private X509Certificate2Collection LoadPem()
    {
        using X509Certificate2 first = Password is null
            ? X509Certificate2.CreateFromPemFile(File, KeyFile)
            : X509Certificate2.CreateFromEncryptedPemFile(File, Password, KeyFile);
        var all = new X509Certificate2Collection();
        all.ImportFromPemFile(File);
        all[0].Dispose();
        all[0] = WithStoredKey(first);
        return all;
    }

    private X509Certificate2Collection LoadPfx()
    {
        X509Certificate2Collection all = X509CertificateLoader.LoadPkcs12CollectionFromFile(File, Password);
        X509Certificate2 first = all.FirstOrDefault(static item => item.HasPrivateKey) ?? throw new CryptographicException("There is no private key in it.");
        all.Remove(first);
        all.Insert(0, first);
        return all;
    }

    /// <summary>The same certificate with its key where this system's TLS can use it: on Windows that is not in memory alone.</summary>
    internal static X509Certificate2 WithStoredKey(X509Certificate2 certificate) =>
        X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), password: null);
}
