using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;

namespace Btmm.Core.SignOn;

/// <summary>
/// An account's own certificate authority: an ECDSA P-256 key that signs the certificates of the account's zone servers and
/// nothing else. Every host of the account has its certificate, only the operator of a server has its private key.
/// Thread-safe. Disposing it forgets the key.
/// </summary>
/// <remarks>
/// The authority's certificate has no end (RFC 5280 §4.1.2.5): whoever trusts it trusts its key, and the account is where
/// that is changed. The certificates it issues are short-lived instead, so that none needs to be revoked.
/// </remarks>
public sealed class AccountAuthority : IDisposable
{
    /// <summary>How long an issued certificate is valid from its issue.</summary>
    public static readonly TimeSpan IssuedLifetime = TimeSpan.FromDays(7);

    // So that a client whose clock is slow accepts a certificate that was issued a moment ago.
    private static readonly TimeSpan s_backdated = TimeSpan.FromDays(1);

    private static readonly DateTimeOffset s_begin = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_noEnd = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);

    private const int KeySize = 256;
    private const int MaxCommonName = 64; // ub-common-name
    private const int SerialLength = 16;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1"; // id-kp-serverAuth

    private readonly X509Certificate2 _certificate;
    private readonly ECDsa? _key;
    private readonly Lock _signing = new(); // a key of the platform's signs for one caller at a time

    private AccountAuthority(X509Certificate2 certificate, ECDsa? key)
    {
        _certificate = certificate;
        _key = key;
    }

    /// <summary>The authority's certificate, DER.</summary>
    public ReadOnlyMemory<byte> Certificate => _certificate.RawDataMemory;

    /// <summary>Whether the private key is here, so that certificates can be issued.</summary>
    public bool CanIssue => _key is not null;

    /// <summary>The SHA-256 of the authority's public key (SubjectPublicKeyInfo), in base64, as RFC 7858 appendix A writes pins.</summary>
    public string Pin => Convert.ToBase64String(SHA256.HashData(_certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    /// <summary>Makes an authority with a new key.</summary>
    public static AccountAuthority Create()
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] id = SHA256.HashData(key.ExportSubjectPublicKeyInfo());
        var name = new X500DistinguishedName($"CN=Btmm account authority {Convert.ToHexStringLower(id.AsSpan(0, 8))}");
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using X509Certificate2 whole = request.CreateSelfSigned(s_begin, s_noEnd);
        return new AccountAuthority(X509CertificateLoader.LoadCertificate(whole.RawData), key);
    }

    /// <summary>Reads an authority; false when it is not one.</summary>
    /// <param name="certificate">Its certificate, DER.</param>
    /// <param name="privateKey">Its private key, PKCS #8; empty where it is not known.</param>
    /// <param name="authority">The authority.</param>
    public static bool TryLoad(ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> privateKey, [NotNullWhen(true)] out AccountAuthority? authority)
    {
        authority = null;
        X509Certificate2? loaded = null;
        ECDsa? key = null;
        try
        {
            loaded = X509CertificateLoader.LoadCertificate(certificate);
            using ECDsa? publicKey = loaded.GetECDsaPublicKey();
            bool isUsable = publicKey is { KeySize: KeySize } && loaded.Extensions.OfType<X509BasicConstraintsExtension>().Any(static item => item.CertificateAuthority);
            if (isUsable && !privateKey.IsEmpty)
            {
                key = ECDsa.Create();
                key.ImportPkcs8PrivateKey(privateKey, out _);
                isUsable = key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(loaded.PublicKey.ExportSubjectPublicKeyInfo());
            }

            authority = isUsable ? new AccountAuthority(loaded, key) : null;
        }
        catch (Exception error) when (error is CryptographicException or PlatformNotSupportedException)
        {
            // Not a certificate, not a key, or one of a curve that nobody knows: told by the result.
        }

        if (authority is not null) return true;
        loaded?.Dispose();
        key?.Dispose();
        return false;
    }

    /// <summary>The private key, PKCS #8; the caller zeroes it. Empty where it is not known.</summary>
    public byte[] ExportPrivateKey() => _key?.ExportPkcs8PrivateKey() ?? [];

    /// <summary>The authority's certificate as PEM text, for other programs to trust.</summary>
    public string ExportCertificatePem() => _certificate.ExportCertificatePem();

    /// <summary>The same authority without its private key, as hosts have it; disposed on its own.</summary>
    public AccountAuthority WithoutPrivateKey() => new(X509CertificateLoader.LoadCertificate(_certificate.RawData), null);

    /// <summary>The certificate alone; the caller disposes it.</summary>
    public X509Certificate2 GetCertificate() => X509CertificateLoader.LoadCertificate(_certificate.RawData);

    /// <summary>Issues a certificate with a new key to a zone server; the caller disposes it.</summary>
    /// <param name="server">The server's name.</param>
    /// <param name="addresses">Its addresses, for clients that know nothing else.</param>
    /// <param name="now">The time of issue; the certificate is valid from a day before until <see cref="IssuedLifetime"/> after.</param>
    /// <exception cref="BtmmException">InvalidValue: the name cannot be in a certificate.</exception>
    /// <exception cref="InvalidOperationException">The private key is not here.</exception>
    public X509Certificate2 IssueServerCertificate(DnsName server, IReadOnlyCollection<IPAddress> addresses, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(addresses);
        if (_key is null) throw new InvalidOperationException("This account has its authority's certificate only.");
        string host = TlsName.Of(server);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        foreach (IPAddress address in addresses) names.AddIpAddress(address);

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // The subject is for people, and for kdig, which takes none without; programs look at the names in the extension.
        string subject = host.Length <= MaxCommonName ? host : host[..host.IndexOf('.', StringComparison.Ordinal)];
        var request = new CertificateRequest(new X500DistinguishedName($"CN={subject}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        byte[] serial = RandomNumberGenerator.GetBytes(SerialLength);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40); // positive, without leading zeros
        var generator = X509SignatureGenerator.CreateForECDsa(_key);
        lock (_signing)
        {
            using X509Certificate2 issued = request.Create(_certificate.SubjectName, generator, now - s_backdated, now + IssuedLifetime, serial);
            return issued.CopyWithPrivateKey(key);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _key?.Dispose();
        _certificate.Dispose();
    }

    /// <summary>The pin; never the key.</summary>
    public override string ToString() => Pin;
}
