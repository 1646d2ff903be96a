using System.Net;

namespace Btmm.Core.Dns.Tls;

/// <summary>
/// The address of a server that is spoken to by TLS and in no other way (RFC 7858, strict profile of RFC 8310 §5): wherever
/// servers are listed, an endpoint of this kind cannot be used in clear text by mistake. Immutable, though its base is not.
/// </summary>
/// <param name="address">The address.</param>
/// <param name="port">The port, by custom 853.</param>
/// <param name="serverName">The name that the server's certificate must have; an address in text where there is no name.</param>
/// <param name="trust">Who must have signed it.</param>
public sealed class TlsEndPoint(IPAddress address, int port, string serverName, TlsTrust trust) : IPEndPoint(address, port)
{
    /// <summary>The port of DNS over TLS (RFC 7858 §3.1).</summary>
    public const int DefaultPort = 853;

    /// <summary>The name that the server's certificate must have, also sent to it (SNI).</summary>
    public string ServerName { get; } = serverName;

    /// <summary>Who must have signed the certificate.</summary>
    public TlsTrust Trust { get; } = trust;

    /// <inheritdoc/>
    public override bool Equals(object? comparand) =>
        comparand is TlsEndPoint other && base.Equals(other) && Trust.Equals(other.Trust)
        && string.Equals(ServerName, other.ServerName, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override int GetHashCode() => base.GetHashCode();
}
