using Btmm.Protocol.Dns;
using Btmm.Protocol.Identity;

namespace Btmm.Protocol.Tests.Identity;

public sealed class AutoTunnelNamesTests
{
    private static readonly DnsName s_domain = DnsName.Parse("alice.members.example.net");
    private static readonly Eui64 s_eui = Eui64.TryParse("00-22-69-FF-FE-8E-34-2A", out Eui64 value) ? value : default;

    [Fact]
    [Trait("rfc", "6281§3")]
    public void TryCreate_HostAndDomain_GivesTheFourNames()
    {
        Assert.True(AutoTunnelNames.TryCreate(s_domain, "studio", s_eui, out AutoTunnelNames? names));
        Assert.Equal(DnsName.Parse("studio.alice.members.example.net"), names.HostName);
        Assert.Equal(DnsName.Parse("_autotunnel._udp.studio.alice.members.example.net"), names.ServiceName);
        Assert.Equal("AutoTunnel-00-22-69-FF-FE-8E-34-2A", names.TargetName.FirstLabel);
        Assert.Equal(s_domain, names.TargetName.Parent);
        Assert.Equal(DnsName.Parse("_autotunnel._udp.alice.members.example.net"), names.ListName);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("a.b")]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData("_dns-update")]
    [InlineData("a234567890123456789012345678901234567890123456789012345678901234")]
    public void TryCreate_NoHostLabel_Fails(string label) =>
        Assert.False(AutoTunnelNames.TryCreate(s_domain, label, s_eui, out _));

    [Fact]
    public void TryCreate_NamesTooLong_FailsWithoutException()
    {
        DnsName domain = DnsName.Root;
        while (domain.WireLength < 250)
        {
            domain = domain.Prepend("a");
            Assert.Equal(domain.WireLength + 24 <= 255 && domain.WireLength + 35 <= 255, AutoTunnelNames.TryCreate(domain, "studio", s_eui, out _));
        }
    }

    [Fact]
    public void TryGetHostName_OwnServiceName_FindsTheHost()
    {
        Assert.True(AutoTunnelNames.TryCreate(s_domain, "studio", s_eui, out AutoTunnelNames? names));
        Assert.True(AutoTunnelNames.TryGetHostName(names.ServiceName, s_domain, out DnsName? host));
        Assert.Equal(names.HostName, host);
    }

    [Theory]
    [InlineData("_autotunnel._udp.alice.members.example.net")]
    [InlineData("_autotunnel._tcp.studio.alice.members.example.net")]
    [InlineData("_autotunnel._udp.studio.bob.members.example.net")]
    [InlineData("_autotunnel._udp.a.studio.alice.members.example.net")]
    [InlineData(".")]
    public void TryGetHostName_OtherNames_Fails(string name) =>
        Assert.False(AutoTunnelNames.TryGetHostName(DnsName.Parse(name), s_domain, out _));
}
