using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Update;

namespace Btmm.Core.Tests.Dns;

public sealed class DnsUpdateClientTests
{
    private static readonly TimeSpan s_lease = TimeSpan.FromMinutes(90);
    private readonly DnsUpdateBuilder _update = new DnsUpdateBuilder(DnsTestNet.Domain).Replace(DnsTestNet.Name, 60, new AData(IPAddress.Parse("203.0.113.1")));

    [Fact]
    [Trait("rfc", "9664§4.3")]
    public async Task Update_LeaseGranted_IsTheLeaseThatCounts()
    {
        await using var net = new DnsTestNet(isSigned: true);
        net.Server.Answer = request => [Granted(request, new UpdateLeaseOption(1800, 3600))];
        DnsUpdateResult result = await SendAsync(net, s_lease);
        Assert.Equal(new DnsUpdateResult(net.Server.EndPoint, TimeSpan.FromSeconds(1800), TimeSpan.FromSeconds(3600), true), result);
        DnsMessage request = Assert.Single(net.Server.Requests).Message;
        Assert.Equal(new UpdateLeaseOption(5400, 5400), request.Edns!.Find<UpdateLeaseOption>());
        Assert.Equal(_update.Updates, request.Updates);
    }

    [Fact]
    public async Task Update_ServerKnowsNoLeases_CountsAsGranted()
    {
        await using var net = new DnsTestNet();
        net.Server.Answer = request => [FakeNameServer.Reply(request) with { Questions = [] }];
        Assert.Equal(new DnsUpdateResult(net.Server.EndPoint, s_lease, s_lease, false), await SendAsync(net, s_lease));
    }

    [Fact]
    public async Task Update_WithoutLease_HasNoOption()
    {
        await using var net = new DnsTestNet();
        net.Server.Answer = request => [FakeNameServer.Reply(request)];
        Assert.Null((await SendAsync(net, null)).Lease);
        Assert.Null(Assert.Single(net.Server.Requests).Message.Edns);
    }

    [Theory]
    [InlineData(DnsRcode.Refused)]
    [InlineData(DnsRcode.FormErr)]
    public async Task Update_OldServer_GetsTheShortOptionAndIsRemembered(DnsRcode rcode)
    {
        await using var net = new DnsTestNet();
        net.Server.Answer = request => [request.Edns?.Find<UpdateLeaseOption>() is { KeyLease: null } option ? Granted(request, option) : FakeNameServer.Reply(request, rcode)];
        var client = new DnsUpdateClient(net.Client);
        for (int i = 0; i < 2; i++) Assert.Equal(s_lease, (await SendAsync(net, s_lease, client)).Lease);
        Assert.Equal([5400u, null, null], net.Server.Requests.Select(request => request.Message.Edns!.Find<UpdateLeaseOption>()!.KeyLease));
    }

    [Fact]
    public async Task Update_RefusedInBothForms_IsRefused()
    {
        await using var net = new DnsTestNet(isSigned: true);
        net.Server.Answer = request => [FakeNameServer.Reply(request, DnsRcode.Refused)];
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => SendAsync(net, s_lease));
        Assert.Equal(BtmmErrorReason.Refused, error.Reason);
        Assert.Equal(2, net.Server.Requests.Count);
    }

    [Theory]
    [InlineData(DnsRcode.NotZone, BtmmErrorReason.OutOfZone)]
    [InlineData(DnsRcode.NotAuth, BtmmErrorReason.OutOfZone)]
    [InlineData(DnsRcode.YXRRSet, BtmmErrorReason.PrerequisiteFailed)]
    [InlineData(DnsRcode.NXRRSet, BtmmErrorReason.PrerequisiteFailed)]
    [InlineData(DnsRcode.NotImp, BtmmErrorReason.NotImplemented)]
    public async Task Update_OtherRcode_HasItsReason(DnsRcode rcode, BtmmErrorReason expected)
    {
        await using var net = new DnsTestNet(isSigned: true);
        net.Server.Answer = request => [FakeNameServer.Reply(request, rcode)];
        Assert.Equal(expected, (await Assert.ThrowsAsync<BtmmException>(() => SendAsync(net, s_lease))).Reason);
    }

    [Fact]
    public async Task Update_RefusalWithoutSignature_IsReportedAfterAWait()
    {
        await using var net = new DnsTestNet(isSigned: true);
        net.Server.Answer = request => [FakeNameServer.Reply(request, DnsRcode.NotZone)];
        net.Server.SignsAnswers = false;
        Assert.Equal(BtmmErrorReason.OutOfZone, (await Assert.ThrowsAsync<BtmmException>(() => SendAsync(net, s_lease, passesTime: true))).Reason);
        Assert.True(net.Clock.Elapsed >= TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Update_AnswerUnsigned_IsAcceptedOnlyWithTheSwitch()
    {
        await using var strict = new DnsTestNet(isSigned: true);
        await using var lax = new DnsTestNet(new DnsClientOptions { AcceptUnsignedUpdateAnswers = true }, isSigned: true);
        foreach (DnsTestNet net in (DnsTestNet[])[strict, lax])
        {
            net.Server.Answer = request => [Granted(request, new UpdateLeaseOption(7200)) with { Questions = [] }];
            net.Server.SignsAnswers = false;
        }

        Assert.Equal(BtmmErrorReason.MalformedReply, (await Assert.ThrowsAsync<BtmmException>(() => SendAsync(strict, s_lease, passesTime: true))).Reason);
        Assert.Equal(TimeSpan.FromHours(2), (await SendAsync(lax, s_lease)).Lease);
    }

    [Fact]
    [Trait("rfc", "2136§4.5")]
    public async Task Update_FirstServerSilent_GoesToTheSecond()
    {
        await using var net = new DnsTestNet();
        await using var second = new FakeNameServer(net.Wire, net.Clock, "192.0.2.54");
        second.Answer = request => [FakeNameServer.Reply(request)];
        Task<DnsUpdateResult> update = new DnsUpdateClient(net.Client).UpdateAsync(_update, [net.Server.EndPoint, second.EndPoint], null, s_lease);
        foreach (int wait in (int[])[1, 2, 4]) await net.StepAsync(TimeSpan.FromSeconds(wait));
        Assert.Equal(second.EndPoint, (await update).Server);
    }

    [Fact]
    public async Task Update_TooLongForUdp_GoesOverTcp()
    {
        await using var net = new DnsTestNet(isSigned: true);
        net.Server.Answer = request => [FakeNameServer.Reply(request)];
        for (int i = 0; i < 20; i++) _update.Add(DnsTestNet.Name.Prepend($"x{i}"), 60, new TxtData(new string('y', 200)));
        await SendAsync(net, s_lease);
        Assert.True(Assert.Single(net.Server.Requests).IsStream);
    }

    private static DnsMessage Granted(DnsMessage request, UpdateLeaseOption option)
        => FakeNameServer.Reply(request) with { Additional = [new EdnsInfo(option).ToRecord()] };

    private async Task<DnsUpdateResult> SendAsync(DnsTestNet net, TimeSpan? lease, DnsUpdateClient? client = null, bool passesTime = false)
    {
        Task<DnsUpdateResult> update = (client ?? new DnsUpdateClient(net.Client)).UpdateAsync(_update, net.Servers, net.UsedKey, lease);
        if (passesTime) await net.RunAsync(update);
        return await update;
    }
}
