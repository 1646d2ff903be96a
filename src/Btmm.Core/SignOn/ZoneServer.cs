namespace Btmm.Core.SignOn;

/// <summary>An explicitly configured server of an account's zone, used instead of discovery by SRV records.</summary>
/// <param name="Host">A host name or IP address in text.</param>
/// <param name="Port">UDP and TCP port for queries and updates.</param>
/// <param name="LongLivedQueryPort">UDP port for long-lived queries; null when it is the same as <paramref name="Port"/>.</param>
public sealed record ZoneServer(string Host, int Port = 53, int? LongLivedQueryPort = null)
{
    /// <summary>Whether TLS must be used with it.</summary>
    public TlsUse Tls { get; init; }

    /// <summary>The port of TLS; null for what its zone says, or 853 where TLS is required.</summary>
    public int? TlsPort { get; init; }

    /// <summary>
    /// The name that its certificate must have; null for <see cref="Host"/> with a public certificate, else for what its zone
    /// says or "ns" in the account's domain.
    /// </summary>
    public string? TlsName { get; init; }

    /// <summary>Whether its certificate is from an authority that every system trusts, and not from the account's own.</summary>
    public bool HasPublicCertificate { get; init; }
}
