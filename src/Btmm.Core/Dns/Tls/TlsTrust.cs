using System.Security.Cryptography.X509Certificates;
using Btmm.Core.SignOn;

namespace Btmm.Core.Dns.Tls;

/// <summary>Whom a client believes about a TLS server's key. Immutable.</summary>
public sealed class TlsTrust : IEquatable<TlsTrust>
{
    private readonly ReadOnlyMemory<byte> _authority;

    private TlsTrust(ReadOnlyMemory<byte> authority) => _authority = authority;

    /// <summary>The authorities that this system trusts, as browsers do.</summary>
    public static TlsTrust System { get; } = new(default);

    /// <summary>One authority and no other.</summary>
    /// <param name="authority">The account's; only its certificate is used, and copied.</param>
    public static TlsTrust Only(AccountAuthority authority)
    {
        ArgumentNullException.ThrowIfNull(authority);
        return new TlsTrust(authority.Certificate.ToArray());
    }

    /// <summary>Whether one authority is pinned.</summary>
    public bool IsPinned => !_authority.IsEmpty;

    /// <inheritdoc/>
    public bool Equals(TlsTrust? other) => other is not null && _authority.Span.SequenceEqual(other._authority.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TlsTrust);

    /// <inheritdoc/>
    public override int GetHashCode() => _authority.Length;

    /// <summary>The rules by which a server's chain is built at a time.</summary>
    internal X509ChainPolicy MakePolicy(DateTimeOffset now)
    {
        var policy = new X509ChainPolicy
        {
            // Nothing is fetched while a server is judged: what it sends must do. Certificates of accounts are too short-lived
            // to be revoked; for others a check that an attacker can make fail would prove nothing (RFC 9325 §7.5).
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationTime = now.LocalDateTime,
        };
        if (!IsPinned) return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(_authority.Span));
        return policy;
    }
}
