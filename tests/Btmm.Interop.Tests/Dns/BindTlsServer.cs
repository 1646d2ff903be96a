using System.Net;
using System.Security.Cryptography.X509Certificates;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Dns;

/// <summary>BIND 9 with a TLS listener (its "dot"), whose certificate an account's authority has issued.</summary>
public sealed class BindTlsServer() : NameServer("named")
{
    public const string ServerName = "ns." + ZoneName;

    public AccountAuthority Authority { get; } = AccountAuthority.Create();

    public int TlsPort { get; private set; }

    protected override IReadOnlyList<string> Configure(int port)
    {
        TlsPort = FreePort.Take();
        using X509Certificate2 certificate = Authority.IssueServerCertificate(DnsName.Parse(ServerName), [IPAddress.Loopback], DateTimeOffset.UtcNow);
        using var key = certificate.GetECDsaPrivateKey()!;
        Write("cert.pem", certificate.ExportCertificatePem());
        Write("key.pem", key.ExportPkcs8PrivateKeyPem());
        Write("zone.db", ZoneText(port) + $"_dns-update-tls._tcp SRV 0 0 {TlsPort} ns\n");
        string configuration = Write("named.conf", $$"""
            options {
              directory "{{Directory}}"; pid-file "{{Directory}}/named.pid"; session-keyfile "{{Directory}}/session.key"; lock-file none;
              listen-on port {{port}} { 127.0.0.1; }; listen-on port {{TlsPort}} tls own { 127.0.0.1; }; listen-on-v6 { none; };
              recursion no; dnssec-validation no; notify no; minimal-responses no;
            };
            tls own { cert-file "{{Directory}}/cert.pem"; key-file "{{Directory}}/key.pem"; };
            controls { };
            logging { channel err { stderr; severity info; }; category default { err; }; };
            key "alice-key" { algorithm hmac-sha256; secret "{{Convert.ToBase64String(Secret("alice-key"))}}"; };
            zone "{{ZoneName}}" { type primary; file "zone.db"; update-policy { grant "alice-key" subdomain {{Account}}. ANY; }; };
            """);
        return ["-f", "-c", configuration];
    }
}
