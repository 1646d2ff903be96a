using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Tests.SignOn;

public sealed class AccountAuthorityTests
{
    private static readonly DnsName s_server = DnsName.Parse("NS.Alice.members.example.net");
    private static readonly DateTimeOffset s_now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Issue_ForAServer_GivesItsNameAddressesAndAWeek()
    {
        using AccountAuthority authority = AccountAuthority.Create();
        using X509Certificate2 issued = authority.IssueServerCertificate(s_server, [IPAddress.Parse("192.0.2.53"), IPAddress.Parse("2001:db8::53")], s_now);
        Assert.True(issued.HasPrivateKey);
        Assert.True(issued.MatchesHostname("ns.alice.members.example.net", allowWildcards: false, allowCommonName: false));
        Assert.True(issued.MatchesHostname("2001:db8::53"));
        Assert.False(issued.MatchesHostname("alice.members.example.net"));
        Assert.Equal(s_now.AddDays(-1).UtcDateTime, issued.NotBefore.ToUniversalTime());
        Assert.Equal(s_now.AddDays(7).UtcDateTime, issued.NotAfter.ToUniversalTime());
    }

    [Fact]
    public void Issue_Twice_GivesDifferentKeysAndSerials()
    {
        using AccountAuthority authority = AccountAuthority.Create();
        using X509Certificate2 one = authority.IssueServerCertificate(s_server, [], s_now);
        using X509Certificate2 two = authority.IssueServerCertificate(s_server, [], s_now);
        Assert.NotEqual(one.SerialNumber, two.SerialNumber);
        Assert.NotEqual(one.GetPublicKeyString(), two.GetPublicKeyString());
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(6, true)]
    [InlineData(8, false)]
    [InlineData(-2, false)]
    public void Chain_ToTheAuthority_HoldsWhileTheCertificateDoes(int days, bool isGood)
    {
        using AccountAuthority authority = AccountAuthority.Create();
        using X509Certificate2 issued = authority.IssueServerCertificate(s_server, [], s_now);
        Assert.Equal(isGood, IsTrusted(issued, authority, s_now.AddDays(days)));
    }

    [Fact]
    public void Chain_ToAnotherAuthority_DoesNotHold()
    {
        using AccountAuthority authority = AccountAuthority.Create();
        using AccountAuthority other = AccountAuthority.Create();
        using X509Certificate2 issued = authority.IssueServerCertificate(s_server, [], s_now);
        Assert.False(IsTrusted(issued, other, s_now));
    }

    [Fact]
    public void Load_WhatWasSaved_GivesTheSame()
    {
        using AccountAuthority authority = AccountAuthority.Create();
        byte[] key = authority.ExportPrivateKey();
        Assert.True(AccountAuthority.TryLoad(authority.Certificate.Span, key, out AccountAuthority? whole));
        Assert.True(AccountAuthority.TryLoad(authority.Certificate.Span, default, out AccountAuthority? part));
        using (whole)
        using (part)
        {
            Assert.True(whole.CanIssue);
            Assert.False(part.CanIssue);
            Assert.Equal(authority.Pin, part.Pin);
            Assert.Empty(part.ExportPrivateKey());
            Assert.Throws<InvalidOperationException>(() => part.IssueServerCertificate(s_server, [], s_now));
            Assert.DoesNotContain(Convert.ToBase64String(key), whole.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Load_WhatIsNoAuthority_IsRefused()
    {
        using AccountAuthority authority = AccountAuthority.Create();
        using X509Certificate2 server = authority.IssueServerCertificate(s_server, [], s_now);
        using RSA rsa = RSA.Create(2048);
        var request = new CertificateRequest("CN=other", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 other = request.CreateSelfSigned(s_now, s_now.AddDays(1));
        Assert.False(AccountAuthority.TryLoad(server.RawData, default, out _));
        Assert.False(AccountAuthority.TryLoad(other.RawData, default, out _));
        Assert.False(AccountAuthority.TryLoad([], default, out _));
        Assert.False(AccountAuthority.TryLoad(authority.Certificate.Span, [1, 2, 3], out _));
    }

    [Fact]
    public void Issue_ForANameThatNoHostHas_IsRefused()
    {
        using AccountAuthority authority = AccountAuthority.Create();
        BtmmException error = Assert.Throws<BtmmException>(() => authority.IssueServerCertificate(DnsName.Parse(@"n\032s.example.net"), [], s_now));
        Assert.Equal(BtmmErrorReason.InvalidValue, error.Reason);
    }

    private static bool IsTrusted(X509Certificate2 certificate, AccountAuthority authority, DateTimeOffset at)
    {
        using X509Certificate2 root = authority.GetCertificate();
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = at.LocalDateTime;
        return chain.Build(certificate);
    }
}
