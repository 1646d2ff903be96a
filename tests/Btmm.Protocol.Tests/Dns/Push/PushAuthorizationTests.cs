using System.Security.Cryptography;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Push;

namespace Btmm.Protocol.Tests.Dns.Push;

public sealed class PushAuthorizationTests
{
    private static readonly DnsName s_domain = DnsName.Parse("alice.test");
    private static readonly byte[] s_hash = SHA256.HashData("certificate"u8);
    private static readonly byte[] s_nonce = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    [Fact]
    public void Name_IsForItsCertificateOnly()
    {
        DnsName name = PushAuthorization.NameFor(s_hash, s_domain, s_nonce)!;
        Assert.StartsWith("0102030405060708090a0b0c0d0e0f10.", name.ToString(), StringComparison.Ordinal);
        Assert.True(PushAuthorization.IsFor(name, s_hash));
        Assert.True(PushAuthorization.IsFor(DnsName.Parse(name.ToString().ToUpperInvariant()), s_hash));
        Assert.False(PushAuthorization.IsFor(name, SHA256.HashData("another"u8)));
        Assert.False(PushAuthorization.IsFor(name, []));
    }

    [Fact]
    public void Name_OfAnotherForm_IsNone()
    {
        foreach (string other in new[] { "alice.test", "_btmm-push.alice.test", $"{new string('0', 32)}._btmm-push.test", "a.b.c._btmm-push.test" })
        {
            Assert.False(PushAuthorization.IsAuthorization(DnsName.Parse(other).Wire));
            Assert.False(PushAuthorization.IsFor(DnsName.Parse(other), s_hash));
        }

        Assert.All(Mutations.Truncations(PushAuthorization.NameFor(s_hash, s_domain, s_nonce)!.Wire[..110].ToArray()), cut => Assert.False(PushAuthorization.IsAuthorization(cut)));
    }

    [Fact]
    public void Domain_ThatIsTooLong_HasNoName()
    {
        string label = new('x', 60);
        Assert.Null(PushAuthorization.NameFor(s_hash, DnsName.Parse($"{label}.{label}.{label}.test"), s_nonce));
    }
}
