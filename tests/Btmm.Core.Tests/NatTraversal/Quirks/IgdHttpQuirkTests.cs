using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Quirks;

/// <summary>How gateways speak HTTP, and how much of it is listened to.</summary>
public sealed class IgdHttpQuirkTests
{
    private const PortMappingMethod Igd = PortMappingMethod.Igd;

    /// <summary>The most that a gateway may be let send for one answer, the window of the connection included, in bytes.</summary>
    private const long Enough = 1024 * 1024;

    [Theory]
    [InlineData(FakeHttpFraming.ContentLength)]
    [InlineData(FakeHttpFraming.ContentLengthThenClose)]
    [InlineData(FakeHttpFraming.Chunked)]
    [InlineData(FakeHttpFraming.UntilClose)]
    public async Task GatewayThatEndsItsBodiesInItsOwnWay_IsUnderstood_AndMapsOnce(FakeHttpFraming framing)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { HttpFraming = framing });
        await lab.MapAndReleaseAsync(Igd);
        Assert.Equal(1, lab.Gateway.Count("GET"));
    }

    [Fact]
    public async Task GatewayThatWritesHeadersInLowerCase_IsUnderstood()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { HttpLowerCase = true, HttpFraming = FakeHttpFraming.Chunked });
        await lab.MapAndReleaseAsync(Igd);
    }

    [Theory]
    [InlineData(FakeHttpFraming.ContentLength)]
    [InlineData(FakeHttpFraming.Chunked)]
    [InlineData(FakeHttpFraming.UntilClose)]
    public async Task GatewayWithADescriptionOfTenMegabytes_IsCutOff_AndNotAsked(FakeHttpFraming framing)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { DescriptionPadding = 10_000_000, HttpFraming = framing });
        await RefusesAsync(lab);
        Assert.True(lab.Gateway.HttpBytesSent <= Enough, $"{lab.Gateway.HttpBytesSent} bytes");
    }

    [Theory]
    [InlineData(FakeHttpFraming.Chunked)]
    [InlineData(FakeHttpFraming.UntilClose)]
    public async Task GatewayWithAnEndlessDescription_IsCutOff_AndNotAsked(FakeHttpFraming framing)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { DescriptionPadding = -1, HttpFraming = framing });
        await RefusesAsync(lab);
        Assert.True(lab.Gateway.HttpBytesSent <= Enough, $"{lab.Gateway.HttpBytesSent} bytes");
    }

    [Fact]
    public async Task GatewayWithEndlessHeaders_IsCutOff_AndNotAsked()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { HttpEndlessHeaders = true });
        await RefusesAsync(lab);
        Assert.True(lab.Gateway.HttpBytesSent <= Enough, $"{lab.Gateway.HttpBytesSent} bytes");
    }

    // CVE-2017-8798 was a size of a chunk taken for a signed number.
    [Theory]
    [Trait("rfc", "9112§7.1")]
    [InlineData("-1\r\n")]
    [InlineData("-{0:x}\r\n")]
    [InlineData("+{0:x}\r\n")]
    [InlineData("80000000\r\n")]
    [InlineData("FFFFFFFF\r\n")]
    [InlineData("7fffffffffffffff\r\n")]
    [InlineData("FFFFFFFFFFFFFFFFF\r\n")]
    [InlineData("0x{0:x}\r\n")]
    [InlineData("pear\r\n")]
    [InlineData("\r\n")]
    [InlineData("")]
    [InlineData("{0:x}")]
    [InlineData("{0:x}\r")]
    public async Task GatewayWithAWrongChunkSize_IsRefused_WithinTheLimits(string head)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { HttpFraming = FakeHttpFraming.Chunked, HttpChunkHead = head });
        await RefusesAsync(lab);
        Assert.True(lab.Gateway.HttpBytesSent <= Enough, $"{lab.Gateway.HttpBytesSent} bytes");
        Assert.True(lab.Clock.Elapsed <= TimeSpan.FromSeconds(31), $"{lab.Clock.Elapsed}");
    }

    [Fact]
    public async Task GatewayWithAnEndlessChunkExtension_IsCutOff_AndNotAsked()
    {
        string head = "{0:x};" + new string('x', 4 * (int)Enough);
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { HttpFraming = FakeHttpFraming.Chunked, HttpChunkHead = head });
        await RefusesAsync(lab);
        Assert.True(lab.Gateway.HttpBytesSent <= Enough, $"{lab.Gateway.HttpBytesSent} bytes");
    }

    // The connection is closed after the body, so that who reads to its end instead has a whole description.
    [Theory]
    [Trait("rfc", "9112§6.3")]
    [InlineData("-1")]
    [InlineData("-{0}")]
    [InlineData("99999999999999999999")]
    [InlineData("9223372036854775807")]
    [InlineData("0x{0:x}")]
    [InlineData("{0}, 1")]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("{0}", "1")]
    [InlineData("1", "{0}")]
    [InlineData("{0}", "-1")]
    public async Task GatewayWithAWrongContentLength_IsRefused_WithinTheLimits(params string[] lengths)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { HttpFraming = FakeHttpFraming.ContentLengthThenClose, HttpLengths = lengths });
        await RefusesAsync(lab);
        Assert.True(lab.Clock.Elapsed <= TimeSpan.FromSeconds(31), $"{lab.Clock.Elapsed}");
    }

    [Theory]
    [Trait("rfc", "9112§6.3")]
    [InlineData(FakeHttpFraming.Chunked, "5")]
    [InlineData(FakeHttpFraming.Chunked, "-1")]
    [InlineData(FakeHttpFraming.ContentLength, "{0}", "{0}")]
    public async Task GatewayWithALengthBesideItsChunks_OrTheSameTwice_IsUnderstood(FakeHttpFraming framing, params string[] lengths)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { HttpFraming = framing, HttpLengths = lengths });
        await lab.MapAndReleaseAsync(Igd);
    }

    [Fact]
    public async Task GatewayThatDripsItsDescription_IsLeft_AfterSeconds()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { HttpDrip = TimeSpan.FromMilliseconds(200) });
        await RefusesAsync(lab);
        Assert.True(lab.Clock.Elapsed <= TimeSpan.FromSeconds(31), $"{lab.Clock.Elapsed}");
    }

    [Fact]
    public async Task GatewayThatAcceptsAndSaysNothing_IsLeft_AfterSeconds()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { HttpSilent = true });
        await RefusesAsync(lab);
        Assert.True(lab.Clock.Elapsed <= TimeSpan.FromSeconds(31), $"{lab.Clock.Elapsed}");
    }

    [Theory]
    [InlineData(301, "http://192.0.2.66/rootDesc.xml")]
    [InlineData(302, "http://192.0.2.66:5000/rootDesc.xml")]
    [InlineData(307, "http://192.168.1.1:5000/rootDesc.xml")]
    public async Task GatewayThatRedirects_IsNotFollowed_AndNotAsked(int status, string to)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { DescriptionStatus = status, RedirectTo = to });
        await RefusesAsync(lab);
        Assert.Equal(1, lab.Gateway.Count("GET"));
        Assert.Single(lab.Wire.Connects);
    }

    [Fact]
    public async Task GatewayWithAnEntityBomb_IsRefused_WithoutExpandingIt()
    {
        string bomb = "<?xml version=\"1.0\"?><!DOCTYPE root [<!ENTITY a \"" + new string('x', 1000) + "\">"
            + string.Concat(Enumerable.Range(0, 9).Select(i => $"<!ENTITY {(char)('b' + i)} \"{string.Concat(Enumerable.Repeat($"&{(char)('a' + i)};", 10))}\">"))
            + "]><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device><friendlyName>&j;</friendlyName></device></root>";
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { Description = bomb });
        long before = GC.GetTotalAllocatedBytes();
        await RefusesAsync(lab);
        Assert.True(GC.GetTotalAllocatedBytes() - before < 500_000_000, "memory"); // Expanded it is 10 TB; other tests run beside.
    }

    [Fact]
    public async Task GatewayWithAnExternalEntity_IsRefused_AndNothingIsFetchedElsewhere()
    {
        const string description = "<?xml version=\"1.0\"?><!DOCTYPE root SYSTEM \"http://192.0.2.66/evil.dtd\" [<!ENTITY x SYSTEM \"http://192.0.2.66/x\">]>"
            + "<root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device><friendlyName>&x;</friendlyName></device></root>";
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { Description = description });
        await RefusesAsync(lab);
    }

    [Fact]
    public async Task GatewayWithDeepNesting_IsRefused_WithoutOverflowingTheStack()
    {
        string deep = "<?xml version=\"1.0\"?><root>" + string.Concat(Enumerable.Repeat("<device>", 20_000));
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { Description = deep });
        await RefusesAsync(lab);
    }

    [Fact]
    public async Task GatewayWithATenMegabyteDescription_IsToldOfOnce_AndFetchedSeldom()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { DescriptionPadding = 10_000_000 });
        await lab.StartInVainAsync();
        await lab.UntilAsync(() => lab.State.Reason != BtmmErrorReason.Timeout);
        lab.CountTold();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(30));
        Assert.Equal(0, lab.CountTold());
        Assert.True(lab.Gateway.Count("GET") <= 10, $"{lab.Gateway.Count("GET")} times in half an hour");
    }

    private static async Task RefusesAsync(QuirkLab lab)
    {
        BtmmException e = await lab.FailAsync(lab.Mapper(Igd).QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));
        Assert.NotEmpty(e.Remedy);
        Assert.Empty(lab.Gateway.SoapRequests);
        Assert.Empty(lab.Gateway.Mappings);
        lab.OnlyTheGatewayWasAsked();
    }
}
