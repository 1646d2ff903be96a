using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Server.Tests;

/// <summary>Which certificate a service shows: from files in their forms, issued by the accounts' authorities, and new ones in time.</summary>
public sealed class TlsCertificateTests : IDisposable
{
    private const string Password = "open sesame";

    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-tls-").FullName;
    private readonly BtmmAccount _account = TestZones.NewAccount();
    private readonly AccountAuthority _public = AccountAuthority.Create();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public void Dispose()
    {
        _account.Dispose();
        _public.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData("one.pem", null, null)]
    [InlineData("cert.pem", "key.pem", null)]
    [InlineData("cert.pem", "encrypted.pem", Password)]
    [InlineData("bundle.pfx", null, Password)]
    public async Task File_OfEachForm_IsShownToWhoAsksForNoAccountsServer(string file, string? key, string? password)
    {
        string serial = WriteFiles("dns.example.net");
        await using ZoneService service = await StartAsync(new ServerCertificate(InDirectory(file), key is null ? null : InDirectory(key), password));
        Assert.Equal(serial, (await ShownAsync(service, "dns.example.net")).SerialNumber);
        Assert.Equal(serial, (await ShownAsync(service, "127.0.0.1")).SerialNumber);
        X509Certificate2 issued = await ShownAsync(service, "ns.alice.members.example.net");
        Assert.NotEqual(serial, issued.SerialNumber);
        Assert.True(issued.MatchesHostname("ns.alice.members.example.net"));
    }

    [Theory]
    [InlineData("missing.pem", null)]
    [InlineData("letter", null)]
    [InlineData("cert.pem", null)]
    [InlineData("cert.pem", "other.pem")]
    [InlineData("bundle.pfx", null)]
    public void File_ThatIsNone_IsNamedWithAReason(string file, string? key)
    {
        WriteFiles("dns.example.net");
        File.WriteAllText(InDirectory("letter"), "Dear Alice");
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(InDirectory("other.pem"), other.ExportPkcs8PrivateKeyPem());
        var certificate = new ServerCertificate(InDirectory(file), key is null ? null : InDirectory(key));
        BtmmException error = Assert.Throws<BtmmException>(() => certificate.Load());
        Assert.Equal(BtmmErrorReason.CertificateInvalid, error.Reason);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_ThatHasChanged_IsReadAgain_AndABrokenOneIsNot()
    {
        WriteFiles("dns.example.net");
        await using ZoneService service = await StartAsync(new ServerCertificate(InDirectory("one.pem")));
        await ShownAsync(service, "dns.example.net");
        string renewed = WriteFiles("dns.example.net");
        File.SetLastWriteTimeUtc(InDirectory("one.pem"), DateTime.UtcNow.AddSeconds(10));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(renewed, (await ShownAsync(service, "dns.example.net")).SerialNumber);
        File.WriteAllText(InDirectory("one.pem"), "half a file");
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(renewed, (await ShownAsync(service, "dns.example.net")).SerialNumber);
        File.Delete(InDirectory("one.pem"));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(renewed, (await ShownAsync(service, "dns.example.net")).SerialNumber);
    }

    [Fact]
    public async Task IssuedCertificate_IsKeptForHalfItsLife_AndThenReplaced()
    {
        await using ZoneService service = await StartAsync(null);
        X509Certificate2 first = await ShownAsync(service, "ns.alice.members.example.net");
        _time.Advance(TimeSpan.FromDays(3.4));
        Assert.Equal(first.SerialNumber, (await ShownAsync(service, "ns.alice.members.example.net")).SerialNumber);
        _time.Advance(TimeSpan.FromDays(0.2));
        X509Certificate2 second = await ShownAsync(service, "ns.alice.members.example.net");
        Assert.NotEqual(first.SerialNumber, second.SerialNumber);
        Assert.Equal(_time.GetUtcNow().AddDays(7).UtcDateTime, second.NotAfter.ToUniversalTime(), TimeSpan.FromSeconds(2));
        Assert.True(second.MatchesHostname("127.0.0.1"));
    }

    [Fact]
    public void Tls_WithoutAnyCertificate_IsRefused()
    {
        using BtmmAccount host = TestZones.NewAccount();
        using AccountAuthority authority = host.Authority!.WithoutPrivateKey();
        BtmmException error = Assert.Throws<BtmmException>(() => new ZoneService(
            TestZones.Options(host.WithAuthority(authority)) with { TlsEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)] }));
        Assert.Equal(BtmmErrorReason.InvalidValue, error.Reason);
        Assert.Contains("private key", error.Message, StringComparison.Ordinal);
    }

    private string InDirectory(string name) => Path.Combine(_directory, name);

    /// <summary>Writes a certificate for a name, in every form; returns its serial number.</summary>
    private string WriteFiles(string name)
    {
        using X509Certificate2 certificate = _public.IssueServerCertificate(DnsName.Parse(name), [], DateTimeOffset.UtcNow);
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        string chain = certificate.ExportCertificatePem() + "\n" + _public.ExportCertificatePem() + "\n";
        File.WriteAllText(InDirectory("cert.pem"), chain);
        File.WriteAllText(InDirectory("key.pem"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(InDirectory("one.pem"), key.ExportPkcs8PrivateKeyPem() + "\n" + chain);
        File.WriteAllText(InDirectory("encrypted.pem"), key.ExportEncryptedPkcs8PrivateKeyPem(Password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        File.WriteAllBytes(InDirectory("bundle.pfx"), certificate.Export(X509ContentType.Pfx, Password));
        return certificate.SerialNumber;
    }

    private async Task<ZoneService> StartAsync(ServerCertificate? certificate)
    {
        var service = new ZoneService(TestZones.Options(_account) with
        {
            TlsEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Certificate = certificate, TimeProvider = _time,
        });
        await service.StartAsync();
        return service;
    }

    private static async Task<X509Certificate2> ShownAsync(ZoneService service, string name)
    {
        await using StreamClient client = await StreamClient.ConnectTlsAsync(service.TlsEndpoints[0], new SslClientAuthenticationOptions { TargetHost = name });
        return X509CertificateLoader.LoadCertificate(((SslStream)client.Stream).RemoteCertificate!.GetRawCertData());
    }
}
