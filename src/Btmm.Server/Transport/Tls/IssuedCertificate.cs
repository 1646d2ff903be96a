using System.Net;
using System.Security.Cryptography.X509Certificates;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Transport.Tls;

/// <summary>A certificate that an account's authority issued to this server. Immutable.</summary>
internal sealed class IssuedCertificate
{
    private readonly AccountAuthority _authority;
    private readonly DateTimeOffset _issued;

    internal IssuedCertificate(AccountAuthority authority, DnsName server, IReadOnlyList<IPAddress> addresses, DateTimeOffset now)
    {
        _authority = authority;
        _issued = now;
        using X509Certificate2 certificate = authority.IssueServerCertificate(server, addresses, now);
        Certificate = new TlsCertificate(ServerCertificate.WithStoredKey(certificate), []);
    }

    internal TlsCertificate Certificate { get; }

    /// <summary>Whether it is from this authority and less than half used up. A clock that was set back makes it new as well.</summary>
    internal bool IsGood(AccountAuthority authority, DateTimeOffset now) =>
        ReferenceEquals(authority, _authority) && (now - _issued).Duration() < AccountAuthority.IssuedLifetime / 2;
}
