namespace Btmm.Core.Dns;

/// <summary>Which transport an exchange uses.</summary>
public enum DnsTransport
{
    /// <summary>
    /// UDP, and TCP when the request is too long for it or the answer was truncated. A <see cref="Dns.Tls.TlsEndPoint"/> is spoken to
    /// by TLS, here as everywhere.
    /// </summary>
    Auto,

    /// <summary>TCP only.</summary>
    Tcp,

    /// <summary>TLS only: a server that is no <see cref="Dns.Tls.TlsEndPoint"/> is not spoken to.</summary>
    Tls,
}
