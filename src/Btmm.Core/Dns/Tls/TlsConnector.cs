using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.Dns.Tls;

/// <summary>
/// Connects to TLS servers: dials, does the handshake and believes the server only when its certificate is signed by whom the
/// endpoint trusts, has its name and is valid now. Sessions are resumed by the platform where the server offers it (RFC 8446 §2.2).
/// Thread-safe.
/// </summary>
/// <param name="dialer">Opens TCP connections.</param>
/// <param name="time">The clock by which certificates are judged.</param>
public sealed class TlsConnector(IStreamDialer dialer, TimeProvider time)
{
    // IANA's name of DNS over TLS for ALPN.
    private static readonly SslApplicationProtocol s_protocol = new("dot");

    /// <summary>Connects; the caller disposes the stream, and sets the time that this may take.</summary>
    /// <param name="server">The server.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="BtmmException">
    /// TlsUnknownAuthority, TlsWrongName, TlsCertificateExpired, TlsCertificateNotYetValid: the server is not believed;
    /// TlsUnavailable: it does not speak TLS as we do.
    /// </exception>
    /// <exception cref="SocketException">The connection failed.</exception>
    public async ValueTask<SslStream> ConnectAsync(TlsEndPoint server, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        Stream connection = await dialer.ConnectAsync(server, cancellationToken).ConfigureAwait(false);
        var stream = new SslStream(connection, leaveInnerStreamOpen: false);
        BtmmException? problem = null;
        DateTimeOffset now = time.GetUtcNow();
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = server.ServerName,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [s_protocol],
            AllowRenegotiation = false,
            CertificateChainPolicy = server.Trust.MakePolicy(now),
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                (problem = TlsErrors.Judge(server, certificate as X509Certificate2, chain, errors, now)) is null,
        };
        try
        {
            await stream.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch (Exception error)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            if (problem is not null) throw problem;
            if (error is AuthenticationException or IOException) throw TlsErrors.NoHandshake(server, error);
            throw;
        }
    }
}
