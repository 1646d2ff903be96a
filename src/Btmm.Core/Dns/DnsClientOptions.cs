using Btmm.Protocol.Dns.Edns;

namespace Btmm.Core.Dns;

/// <summary>How a <see cref="DnsClient"/> behaves. Immutable.</summary>
public sealed record DnsClientOptions
{
    /// <summary>How long the first answer is awaited before the request is sent again; doubles each time (RFC 8085 §3.1.1). Default 1 s.</summary>
    public TimeSpan FirstTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a request is sent to one server over UDP. Default 3, which makes 7 s.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>How long one exchange over TCP or TLS may take, connecting included. Default 10 s.</summary>
    public TimeSpan TcpTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a TLS connection is kept for the next exchange. Default 10 s.</summary>
    public TimeSpan TlsIdleTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The largest message sent, and asked for, over UDP, bytes. Default 1,232.</summary>
    public ushort UdpPayloadSize { get; init; } = EdnsInfo.SafeUdpPayloadSize;

    /// <summary>
    /// Compatibility with servers that do not sign their answers to signed updates (Apple's dnsextd). Anybody who can forge a
    /// packet can then forge an answer. Default false.
    /// </summary>
    public bool AcceptUnsignedUpdateAnswers { get; init; }
}
