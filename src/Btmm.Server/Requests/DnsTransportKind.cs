namespace Btmm.Server.Requests;

/// <summary>How a message reached the service.</summary>
internal enum DnsTransportKind
{
    /// <summary>A datagram: the sender's address is not proven.</summary>
    Udp,

    /// <summary>A TCP connection (RFC 7766).</summary>
    Tcp,

    /// <summary>TLS over TCP (RFC 7858).</summary>
    Tls,
}
