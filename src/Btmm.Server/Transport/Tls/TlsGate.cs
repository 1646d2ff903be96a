using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Btmm.Core.Diagnostics;
using Btmm.Server.Hosting;

namespace Btmm.Server.Transport.Tls;

/// <summary>
/// Does the server's side of TLS handshakes (RFC 7858 §3.2): TLS 1.2 and 1.3, no renegotiation, each within a time, and few at a
/// time: one too many ends the oldest, which an honest client would have finished long ago. Thread-safe.
/// </summary>
internal sealed class TlsGate(TlsCertificates certificates, ZoneServiceLimits limits, ServiceClock clock, ServerMetrics metrics)
{
    // IANA's name of DNS over TLS for ALPN. A client that names no protocol is welcome as well.
    private static readonly SslApplicationProtocol s_protocol = new("dot");

    private readonly Lock _gate = new();
    private readonly LinkedList<CancellationTokenSource> _underWay = [];

    /// <summary>Does a handshake; null when it failed, which has been reported. The stream owns the one given.</summary>
    internal async Task<(SslStream Stream, TlsCertificate Certificate)?> TryAcceptAsync(Stream connection, IPEndPoint client, CancellationToken cancellationToken)
    {
        var stream = new SslStream(connection, leaveInnerStreamOpen: false);
        using var deadline = new CancellationTokenSource(limits.HandshakeTimeout, clock.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        LinkedListNode<CancellationTokenSource> place = Enter(deadline);
        try
        {
            TlsCertificate? shown = null;
            await stream.AuthenticateAsServerAsync(
                (_, hello, _, _) => ValueTask.FromResult(Options(shown = certificates.Select(hello.ServerName))), null, either.Token).ConfigureAwait(false);
            if (shown is not null)
                return (stream, shown);
        }
        catch (Exception error) when (error is AuthenticationException or IOException or OperationCanceledException or SocketException
            or ObjectDisposedException or BtmmException or CryptographicException)
        {
            // A port scan, a client that does not trust us, one that was too slow, or a zone whose server cannot have a
            // certificate: it concerns that client only.
            metrics.Add(ServerCount.HandshakesFailed);
            ServerLog.Instance.HandshakeFailed(client.ToString(), (error.InnerException ?? error).Message);
        }
        finally
        {
            Leave(place);
        }

        await stream.DisposeAsync().ConfigureAwait(false);
        return null;
    }

    private LinkedListNode<CancellationTokenSource> Enter(CancellationTokenSource deadline)
    {
        CancellationTokenSource? oldest = null;
        LinkedListNode<CancellationTokenSource> place;
        lock (_gate)
        {
            if (_underWay.Count >= limits.MaxHandshakes)
            {
                oldest = _underWay.First?.Value;
                _underWay.RemoveFirst();
            }

            place = _underWay.AddLast(deadline);
            // Within the lock its owner has not disposed it; what hangs on it runs elsewhere.
            oldest?.CancelAfter(TimeSpan.Zero);
        }

        return place;
    }

    private void Leave(LinkedListNode<CancellationTokenSource> place)
    {
        lock (_gate)
        {
            if (place.List is not null)
                _underWay.Remove(place);
        }
    }

    private static SslServerAuthenticationOptions Options(TlsCertificate? certificate) => new()
    {
        ServerCertificateContext = certificate?.Context ?? throw new AuthenticationException("There is no certificate for this client."),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [s_protocol],
        AllowRenegotiation = false,
        ClientCertificateRequired = false,
    };
}
