using System.Net;
using System.Text;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Igd;

/// <summary>UPnP gateways, and those who pretend to be one, that mean no good: refused, told once, nothing fetched.</summary>
public sealed class IgdHostileTests
{
    [Theory]
    [InlineData("http://198.51.100.66/rootDesc.xml", "not on the gateway")]
    [InlineData("http://192.168.1.2:5000/rootDesc.xml", "not on the gateway")]
    [InlineData("http://127.0.0.1:5000/rootDesc.xml", "not on the gateway")]
    [InlineData("http://router.example:5000/rootDesc.xml", "not on the gateway")]
    [InlineData("https://192.168.1.1:5000/rootDesc.xml", "not plain HTTP")]
    [InlineData("file:///etc/passwd", "not plain HTTP")]
    [InlineData("http://192.168.1.1:22/", "no port for that")]
    [InlineData("http://192.168.1.1@198.51.100.66/", "no proper URL")]
    public async Task Search_PointsElsewhere_RefusedToldOnceNothingFetched(string location, string words)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { SsdpLocation = location });
        BtmmException error = await host.QueryFailsAsync();
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, error.Reason);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        await host.QueryFailsAsync();
        Assert.Empty(host.Wire.Connects);
        Assert.Single(host.Mapper.Refusals);
        Assert.True(host.Mapper.RefusedAnswers > 1);
    }

    [Fact]
    public async Task Search_AnsweredBySomebodyElse_RefusedNothingFetched()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { SsdpAnswerAddress = IPAddress.Parse("192.168.1.66") });
        BtmmException error = await host.QueryFailsAsync();
        Assert.Contains("left 13 requests unanswered", error.Message, StringComparison.Ordinal);
        Assert.Contains("192.168.1.66 answers as an Internet gateway", error.Message, StringComparison.Ordinal);
        Assert.Contains("Turn on UPnP", error.Remedy, StringComparison.Ordinal); // A second router on the link is no attack.
        Assert.IsType<TimeoutException>(error.InnerException); // So it is asked again as any other that was silent.
        Assert.Equal(BtmmErrorReason.Timeout, (await host.QueryFailsAsync(ExchangeEffort.Brief)).Reason);
        Assert.Empty(host.Wire.Connects);
        Assert.Single(host.Mapper.Refusals);
    }

    [Fact]
    public async Task Search_BadAnswersBesideAGoodOne_GoodOneIsUsed()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks
        {
            SsdpLocation = "http://198.51.100.66/rootDesc.xml",
            SsdpMoreLocations = ["http://192.168.1.1:5000/rootDesc.xml"],
        });
        Assert.NotNull((await host.QueryAsync()).ExternalAddress);
        Assert.All(host.Wire.Connects, connect => Assert.Equal(host.Gateway.Address, connect.To.Address));
        Assert.Single(host.Mapper.Refusals);
    }

    [Fact]
    public async Task Search_ManyDescriptions_FewAreFetched()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks
        {
            SsdpLocation = "http://192.168.1.1:5000/none0.xml",
            SsdpMoreLocations = [.. Enumerable.Range(1, 100).Select(i => $"http://192.168.1.1:5000/none{i}.xml")],
        });
        await host.QueryFailsAsync();
        Assert.Equal(4, host.Gateway.HttpRequests.Count);
    }

    [Theory]
    [InlineData("http://198.51.100.66/ctl", null)]
    [InlineData("/ctl", "http://198.51.100.66/")]
    [InlineData("https://192.168.1.1/ctl", null)]
    [InlineData("http://192.168.1.1:25/ctl", null)]
    public async Task Description_ControlUrlElsewhere_RefusedNothingSent(string control, string? urlBase)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks
        {
            IgdServices = [new FakeIgdService("WANIPConnection:1", control)],
            UrlBase = urlBase,
        });
        BtmmException error = await host.QueryFailsAsync();
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, error.Reason);
        Assert.Contains("said to be at", error.Message, StringComparison.Ordinal);
        Assert.Equal("GET", Assert.Single(host.Gateway.HttpRequests).Method);
        Assert.All(host.Wire.Connects, connect => Assert.Equal(5000, connect.To.Port));
        Assert.Single(host.Mapper.Refusals);
    }

    [Fact]
    public async Task Description_Redirected_NotFollowed()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { DescriptionStatus = 302 });
        BtmmException error = await host.QueryFailsAsync();
        Assert.Equal(BtmmErrorReason.MalformedReply, error.Reason);
        Assert.Contains("redirects", error.Message, StringComparison.Ordinal);
        Assert.Single(host.Gateway.HttpRequests);
        Assert.All(host.Wire.Connects, connect => Assert.Equal(host.Gateway.Address, connect.To.Address));
    }

    [Theory]
    [InlineData(10 * 1024 * 1024, FakeHttpFraming.ContentLength)]
    [InlineData(10 * 1024 * 1024, FakeHttpFraming.Chunked)]
    [InlineData(10 * 1024 * 1024, FakeHttpFraming.UntilClose)]
    [InlineData(-1, FakeHttpFraming.Chunked)]
    [InlineData(-1, FakeHttpFraming.UntilClose)]
    public async Task Description_TenMegabytesOrEndless_ReadToTheLimitOnly(long padding, FakeHttpFraming framing)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { DescriptionPadding = padding, HttpFraming = framing });
        BtmmException error = await host.QueryFailsAsync();
        Assert.Equal(BtmmErrorReason.MalformedReply, error.Reason);
        Assert.Contains("128 KiB", error.Message, StringComparison.Ordinal);
        Assert.InRange(host.Gateway.HttpBytesSent, 0, 512 * 1024);
    }

    [Fact]
    public async Task Description_WithinTheLimit_IsRead()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { DescriptionPadding = 100 * 1024 });
        Assert.NotNull((await host.QueryAsync()).ExternalAddress);
    }

    [Fact]
    public async Task Description_EndlessHeaders_GivenUp()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { HttpEndlessHeaders = true });
        BtmmException error = await host.QueryFailsAsync();
        Assert.Equal(BtmmErrorReason.MalformedReply, error.Reason);
        Assert.InRange(host.Gateway.HttpBytesSent, 0, 256 * 1024);
    }

    [Fact]
    public async Task Description_DripsSlowly_GivenUpInTime()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { HttpDrip = TimeSpan.FromMilliseconds(500) });
        BtmmException error = await host.QueryFailsAsync();
        Assert.Equal(BtmmErrorReason.Timeout, error.Reason);
        Assert.InRange(host.Clock.Elapsed, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Description_EntityBomb_Refused()
    {
        StringBuilder bomb = new("<!DOCTYPE root [<!ENTITY a0 \"boom\">");
        for (int i = 1; i < 10; i++) bomb.Append($"<!ENTITY a{i} \"{string.Concat(Enumerable.Repeat($"&a{i - 1};", 10))}\">");
        await using IgdFixture host = new(new FakeGatewayQuirks { Description = bomb + "]><root><device>&a9;</device></root>" });
        Assert.Equal(BtmmErrorReason.MalformedReply, (await host.QueryFailsAsync()).Reason);
    }

    [Fact]
    public async Task Description_GiantDepth_Refused()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { Description = $"<root>{string.Concat(Enumerable.Repeat("<device>", 15_000))}" });
        Assert.Equal(BtmmErrorReason.MalformedReply, (await host.QueryFailsAsync()).Reason);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n<root>")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n<root>")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n<root>")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n<root>")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n<root>")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<root>")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n<root>")]
    [InlineData("\0\0\0\0")]
    [InlineData("SSH-2.0-OpenSSH_9\r\n")]
    [InlineData("")]
    public async Task Description_BrokenHttp_Refused(string answer)
    {
        await using IgdFixture host = new(dialer: new ScriptedDialer(answer));
        BtmmException error = await host.QueryFailsAsync();
        Assert.True(
            error.Reason is BtmmErrorReason.MalformedReply or BtmmErrorReason.Unreachable or BtmmErrorReason.Timeout, $"{error.Reason}: {error.Message}");
    }

    [Theory]
    [InlineData("\0\0\0\0\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno header\r\n\r\n<root>")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n<root>")]
    public async Task Description_NoHttp_IsToldAsSuchAndNotAsUnreachable(string answer)
    {
        await using IgdFixture host = new(dialer: new ScriptedDialer(answer));
        Assert.Equal(BtmmErrorReason.MalformedReply, (await host.QueryFailsAsync()).Reason);
    }

    [Fact]
    public async Task Description_EndlessInterimAnswers_GivenUpInTime()
    {
        await using IgdFixture host = new(dialer: new ScriptedDialer(string.Concat(Enumerable.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 1000))));
        Assert.NotEqual(BtmmErrorReason.InternalError, (await host.QueryFailsAsync()).Reason);
    }

    [Fact]
    public async Task Gateway_ConnectionHangs_GivenUpInTime()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { HttpSilent = true });
        Assert.Equal(BtmmErrorReason.Timeout, (await host.QueryFailsAsync()).Reason);
        Assert.InRange(host.Clock.Elapsed, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(12));
    }

    [Fact]
    public async Task Requests_ToAGateway_NeverSubscribe()
    {
        await using IgdFixture host = new();
        await host.DeleteAsync(await host.MapAsync());
        Assert.All(host.Gateway.HttpRequests, request => Assert.True(request.Method is "GET" or "POST"));
        Assert.DoesNotContain(host.Gateway.HttpRequests, request => request.Path == "/evt" || request.Headers.ContainsKey("CALLBACK"));
        Assert.DoesNotContain(host.Gateway.HttpRequests, request => request.Headers.ContainsKey("Cookie") || request.Headers.ContainsKey("traceparent"));
    }

    /// <summary>Every connection gets the same bytes, then its end.</summary>
    private sealed class ScriptedDialer(string answer) : IStreamDialer
    {
        public ValueTask<Stream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken) =>
            ValueTask.FromResult<Stream>(new ScriptedStream(Encoding.ASCII.GetBytes(answer)));
    }

    private sealed class ScriptedStream(byte[] answer) : MemoryStream(answer)
    {
        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
