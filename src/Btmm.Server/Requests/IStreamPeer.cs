namespace Btmm.Server.Requests;

/// <summary>
/// The client's end of a connection, for what is more than one answer to one request: zone transfers, and messages that the
/// service sends of its own accord. Thread-safe.
/// </summary>
internal interface IStreamPeer
{
    /// <summary>Where the connection comes from.</summary>
    RequestOrigin Origin { get; }

    /// <summary>Cancelled when the connection has ended, for whatever reason.</summary>
    CancellationToken Closed { get; }

    /// <summary>SHA-256 of the certificate that the service showed on this connection; empty without TLS.</summary>
    ReadOnlyMemory<byte> CertificateHash { get; }

    /// <summary>How long the client may be idle at present before the connection is closed.</summary>
    TimeSpan IdleTimeout { get; }

    /// <summary>From now on the connection is not closed for being idle: a stateful session has timers of its own (RFC 8490 §5.2).</summary>
    void HoldOpen();

    /// <summary>Takes one <see cref="HoldOpen"/> back: after the last of them the connection may be idle for the usual time.</summary>
    void LetGo();

    /// <summary>Sends a message with its length in front; messages of several senders do not mix.</summary>
    /// <exception cref="OperationCanceledException">The connection has ended, or the client does not take what is sent.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>Ends the connection at once with a reset (RFC 8490 §5.3).</summary>
    void Abort();
}
