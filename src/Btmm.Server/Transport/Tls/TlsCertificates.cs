using System.Collections.Concurrent;
using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Server.Hosting;
using Btmm.Server.Zones;

namespace Btmm.Server.Transport.Tls;

/// <summary>
/// The certificates that a service shows. A client that names a server in a zone whose account's authority can issue gets one
/// from it, made when it is first needed and again long before it ends; others get the one from a file, or that of the first
/// such zone. Thread-safe.
/// </summary>
internal sealed class TlsCertificates
{
    private readonly ZoneDirectory _zones;
    private readonly IReadOnlyList<IPAddress> _addresses;
    private readonly ServiceClock _clock;
    private readonly CertificateFile? _file;
    private readonly ConcurrentDictionary<DnsName, IssuedCertificate> _issued = new(DnsNameComparer.Instance);

    /// <param name="file">The certificate from a file, or null.</param>
    /// <param name="zones">The zones served now.</param>
    /// <param name="addresses">The server's addresses.</param>
    /// <param name="clock">Tells when a certificate is due.</param>
    /// <exception cref="BtmmException">CertificateInvalid: the file cannot be used.</exception>
    internal TlsCertificates(ServerCertificate? file, ZoneDirectory zones, IReadOnlyList<IPAddress> addresses, ServiceClock clock)
    {
        _zones = zones;
        _addresses = addresses;
        _clock = clock;
        _file = file is null ? null : new CertificateFile(file, clock);
    }

    /// <summary>The certificate for a client that asks for a server by this name (SNI); null when there is none.</summary>
    internal TlsCertificate? Select(string? serverName)
    {
        if (serverName is { Length: > 0 } && DnsName.TryParse(serverName, out DnsName? name) && FindIssuer(name) is { } zone)
            return Issued(zone);
        if (_file is not null)
            return _file.Current;
        return _zones.All.FirstOrDefault(CanIssue) is { } first ? Issued(first) : null;
    }

    private static bool CanIssue(Zone zone) => zone.Options.Authority is { CanIssue: true };

    private Zone? FindIssuer(DnsName name) => _zones.FindFor(name) is { } zone && CanIssue(zone) ? zone : null;

    private TlsCertificate Issued(Zone zone)
    {
        AccountAuthority authority = zone.Options.Authority!; // looked at by the callers
        DateTimeOffset now = _clock.UtcNow;
        if (_issued.TryGetValue(zone.Apex, out IssuedCertificate? known) && known.IsGood(authority, now))
            return known.Certificate;
        var issued = new IssuedCertificate(authority, zone.Discovery.Server, _addresses, now);
        _issued[zone.Apex] = issued;
        return issued.Certificate;
    }
}
