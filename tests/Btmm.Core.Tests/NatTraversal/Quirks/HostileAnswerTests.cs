using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Quirks;

/// <summary>Answers that are no answers: from somebody else, or to something else. None may be believed, however many come.</summary>
public sealed class HostileAnswerTests
{
    public static TheoryData<PortMappingMethod> Methods { get; } = [PortMappingMethod.NatPmp, PortMappingMethod.Pcp];

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task StrangerThatAnswersForTheGateway_IsNotHeard_AndToldOfAsSilenceOnce(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method, new FakeGatewayQuirks { AnswerAddress = IPAddress.Parse("192.168.1.66") });
        await lab.StartInVainAsync();
        await lab.UntilAsync(() => lab.State.Reason == BtmmErrorReason.PortMappingUnsupported);
        lab.CountTold();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(4));
        Assert.Equal(0, lab.CountTold());
        Assert.Null(lab.State.Endpoint);
        lab.OnlyTheGatewayWasAsked();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task StrangerThatAnswersFaster_IsNotHeard_AndTheGatewayIs(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method);
        lab.Wire.Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(5) };
        lab.Wire.Filter = datagram =>
        {
            if (datagram.To.Port == 5351 && datagram.From.Address.Equals(IPAddress.Parse(QuirkLab.Local))) Forge(lab, datagram);
            return true;
        };
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(IPAddress.Parse("203.0.113.10"), lab.State.Endpoint?.Address);
        Assert.Equal(QuirkLab.Port, lab.State.Endpoint?.Port);
        lab.Wire.Filter = null;
        await lab.ReleaseAsync();
    }

    [Theory]
    [InlineData("nonce")]
    [InlineData("port")]
    [InlineData("protocol")]
    [InlineData("opcode")]
    [Trait("rfc", "6887§8.3")]
    public async Task PcpAnswerToSomethingElse_IsNotBelieved_AndNothingIsOffered(string what)
    {
        FakeGatewayQuirks quirks = what switch
        {
            "nonce" => new() { PcpWrongNonce = true },
            "port" => new() { PcpWrongPort = QuirkLab.Port + 1 },
            "protocol" => new() { PcpWrongProtocol = 6 },
            _ => new() { PcpWrongOpcode = 2 },
        };
        await using QuirkLab lab = new(PortMappingMethod.Pcp, quirks);
        await lab.StartInVainAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(3));
        Assert.Null(lab.State.Endpoint);
        Assert.True(lab.Gateway.Log.Count <= 60, $"{lab.Gateway.Log.Count} packets in three minutes");
        lab.Quirks = new FakeGatewayQuirks();
        await lab.UntilAsync(() => lab.State.Phase == EndpointPhase.Available, TimeSpan.FromMinutes(20));
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ForgedAnnouncements_FromStrangers_AreNotHeard(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method);
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(5));
        int before = lab.Gateway.Log.Count;
        for (int i = 0; i < 200; i++) Announce(lab, "192.168.1.66");
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(6));
        Assert.Equal(before, lab.Gateway.Log.Count);
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ForgedAnnouncements_InTheGatewaysName_OnlyMakeItAskAFewTimes(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method);
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(5));
        lab.CountTold();
        int before = lab.Gateway.Log.Count;
        for (int i = 0; i < 20; i++)
        {
            for (int n = 0; n < 20; n++) Announce(lab, "192.168.1.1");
            await lab.Clock.RunForAsync(TimeSpan.FromMilliseconds(500));
        }

        Assert.InRange(lab.Gateway.Log.Count - before, 1, 24); // Ten seconds: one look a second at most, of one or two requests.
        Assert.Equal(0, lab.CountTold());
        Assert.Equal(IPAddress.Parse("203.0.113.10"), lab.State.Endpoint?.Address);
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GarbageInTheGatewaysName_IsIgnored_HoweverMuchComes(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method);
        Random random = new(5);
        int seen = 0;
        lab.Wire.Filter = datagram =>
        {
            if (datagram.To.Port == 5351 && seen++ < 200)
            {
                for (int n = 0; n < 20; n++)
                {
                    byte[] garbage = new byte[random.Next(0, 1200)];
                    random.NextBytes(garbage);
                    lab.Wire.Inject("192.168.1.1:5351", datagram.From.ToString(), garbage);
                }
            }

            return true;
        };
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(IPAddress.Parse("203.0.113.10"), lab.State.Endpoint?.Address);
        lab.Wire.Filter = null;
        await lab.ReleaseAsync();
    }

    private static void Announce(QuirkLab lab, string from)
    {
        lab.Wire.Inject($"{from}:5351", "224.0.0.1:5350", Convert.FromHexString("008000000000000001020304"));
        lab.Wire.Inject($"{from}:5351", "224.0.0.1:5350", Convert.FromHexString("028000000000000000000000" + new string('0', 24)));
    }

    /// <summary>A perfect answer with the forger's own address in it, that comes first but from elsewhere.</summary>
    private static void Forge(QuirkLab lab, WireDatagram asked)
    {
        ReadOnlySpan<byte> request = asked.Payload.Span;
        byte[] answer = request[0] == 0 ? new byte[request.Length == 2 ? 12 : 16] : request.ToArray();
        answer[0] = request[0];
        answer[1] = (byte)(0x80 | request[1]);
        byte[] address = [198, 51, 100, 66];
        if (request[0] == 0 && request.Length == 2) address.CopyTo(answer, 8);
        else if (request[0] == 0) request[4..12].CopyTo(answer.AsSpan(8));
        if (request[0] == 0 && request.Length > 2) answer[8] = answer[10] = 0x22;
        if (request[0] == 2 && answer.Length >= 60) address.CopyTo(answer, 56);
        foreach (string forger in new[] { "192.168.1.66:5351", "192.0.2.66:5351", "127.0.0.1:5351" })
            lab.Wire.Inject(forger, asked.From.ToString(), answer);
    }
}
