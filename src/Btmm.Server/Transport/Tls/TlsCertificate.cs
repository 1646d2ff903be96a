using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Btmm.Server.Transport.Tls;

/// <summary>
/// A certificate ready for handshakes. Sessions are resumed among the connections that share this object. Immutable. It is left
/// to the garbage collector: connections may still use it after it has been replaced.
/// </summary>
/// <param name="certificate">The server's certificate, with its key.</param>
/// <param name="above">The certificates between it and its authority.</param>
internal sealed class TlsCertificate(X509Certificate2 certificate, X509Certificate2Collection above)
{
    internal SslStreamCertificateContext Context { get; } = SslStreamCertificateContext.Create(certificate, above, offline: true);

    /// <summary>SHA-256 of the certificate.</summary>
    internal ReadOnlyMemory<byte> Hash { get; } = SHA256.HashData(certificate.RawData);
}
