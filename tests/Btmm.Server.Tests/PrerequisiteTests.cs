using Btmm.Protocol.Dns;

namespace Btmm.Server.Tests;

/// <summary>The five kinds of prerequisites (RFC 2136 §2.4, §3.2).</summary>
public sealed class PrerequisiteTests : IDisposable
{
    private readonly ServerHarness _server = new();
    private readonly DnsName _studio;
    private readonly DnsName _deep;
    private readonly DnsName _absent;

    public PrerequisiteTests()
    {
        _studio = _server.Name("studio");
        _deep = _server.Name("a.b.c");
        _absent = _server.Name("absent");
        _server.AddAsync(Records.A(_studio, "192.0.2.1"), Records.A(_studio, "192.0.2.2"), Records.Txt(_deep, "x")).Wait();
    }

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("rfc", "2136§2.4.4")]
    [Trait("rfc", "2136§3.2.1")]
    public async Task NameInUse_Absent_IsNxDomain()
    {
        await CheckAsync(DnsRcode.NoError, Records.NameInUse(_studio));
        await CheckAsync(DnsRcode.NXDomain, Records.NameInUse(_absent));
    }

    [Fact]
    [Trait("rfc", "2136§2.4.4")]
    public async Task NameInUse_EmptyNonTerminal_IsNxDomain()
    {
        await CheckAsync(DnsRcode.NXDomain, Records.NameInUse(_deep.Parent));
        await CheckAsync(DnsRcode.NoError, Records.NameNotInUse(_deep.Parent));
    }

    [Fact]
    [Trait("rfc", "2136§2.4.1")]
    [Trait("rfc", "2136§3.2.1")]
    public async Task SetExists_Absent_IsNxRrset()
    {
        await CheckAsync(DnsRcode.NoError, Records.SetExists(_studio, DnsType.A));
        await CheckAsync(DnsRcode.NXRRSet, Records.SetExists(_studio, DnsType.AAAA));
        await CheckAsync(DnsRcode.NXRRSet, Records.SetExists(_absent, DnsType.A));
    }

    [Fact]
    [Trait("rfc", "2136§2.4.5")]
    [Trait("rfc", "2136§3.2.2")]
    public async Task NameNotInUse_Present_IsYxDomain()
    {
        await CheckAsync(DnsRcode.YXDomain, Records.NameNotInUse(_studio));
        await CheckAsync(DnsRcode.NoError, Records.NameNotInUse(_absent));
    }

    [Fact]
    [Trait("rfc", "2136§2.4.3")]
    [Trait("rfc", "2136§3.2.2")]
    public async Task SetDoesNotExist_Present_IsYxRrset()
    {
        await CheckAsync(DnsRcode.YXRRSet, Records.SetDoesNotExist(_studio, DnsType.A));
        await CheckAsync(DnsRcode.NoError, Records.SetDoesNotExist(_studio, DnsType.AAAA));
        await CheckAsync(DnsRcode.NoError, Records.SetDoesNotExist(_absent, DnsType.A));
    }

    [Fact]
    [Trait("rfc", "2136§2.4.2")]
    [Trait("rfc", "2136§3.2.3")]
    public async Task SetIs_NotExactlyTheSame_IsNxRrset()
    {
        DnsRecord one = Records.SetIs(Records.A(_studio, "192.0.2.1"));
        DnsRecord two = Records.SetIs(Records.A(_studio, "192.0.2.2"));
        DnsRecord three = Records.SetIs(Records.A(_studio, "192.0.2.3"));
        await CheckAsync(DnsRcode.NoError, two, one);
        await CheckAsync(DnsRcode.NoError, two, one, one);
        await CheckAsync(DnsRcode.NXRRSet, one);
        await CheckAsync(DnsRcode.NXRRSet, one, two, three);
        await CheckAsync(DnsRcode.NXRRSet, one, three);
        await CheckAsync(DnsRcode.NXRRSet, Records.SetIs(Records.A(_absent, "192.0.2.1")));
    }

    [Fact]
    [Trait("rfc", "2136§3.2")]
    public async Task Prerequisite_NotInTheZone_IsNotZone()
    {
        DnsName outside = DnsName.Parse("www.example.com");
        await CheckAsync(DnsRcode.NotZone, Records.NameInUse(outside));
        await CheckAsync(DnsRcode.NotZone, Records.SetIs(Records.A(outside, "192.0.2.1")));
    }

    [Fact]
    [Trait("rfc", "2136§3.2.5")]
    public async Task Prerequisite_Malformed_IsFormErr()
    {
        await CheckAsync(DnsRcode.FormErr, Records.NameInUse(_studio) with { Ttl = 1 });
        await CheckAsync(DnsRcode.FormErr, Records.NameNotInUse(_absent) with { Ttl = 1 });
        await CheckAsync(DnsRcode.FormErr, Records.A(_studio, "192.0.2.1"));
        await CheckAsync(DnsRcode.FormErr, Records.A(_studio, "192.0.2.1", 0) with { Class = DnsClass.ANY });
        await CheckAsync(DnsRcode.FormErr, Records.A(_studio, "192.0.2.1", 0) with { Class = DnsClass.NONE });
        await CheckAsync(DnsRcode.FormErr, Records.A(_studio, "192.0.2.1", 0) with { Class = DnsClass.CH });
    }

    [Fact]
    [Trait("rfc", "2136§3.2")]
    public async Task Prerequisites_SeveralFail_TheFirstDecides()
    {
        await CheckAsync(DnsRcode.YXDomain, Records.NameInUse(_studio), Records.NameNotInUse(_studio), Records.NameInUse(_absent));
        // Equality of sets is compared last (§3.2.5).
        await CheckAsync(DnsRcode.NXDomain, Records.SetIs(Records.A(_studio, "192.0.2.9")), Records.NameInUse(_absent));
    }

    private async Task CheckAsync(DnsRcode expected, params DnsRecord[] prerequisites)
    {
        DnsName marker = _server.Name("marker");
        DnsMessage reply = await _server.UpdateAsync([Records.Txt(marker, "x")], prerequisites);
        Assert.Equal(expected, reply.Rcode);
        Assert.Equal(expected == DnsRcode.NoError, _server.Zone.Current.Find(marker) is not null);
        await _server.AddAsync(Records.DeleteName(marker));
    }
}
