using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Requests;
using Btmm.Server.Tests;

namespace Btmm.Fuzz.Tests.Targets;

/// <summary>The zone service itself, from a datagram to its answer, without sockets.</summary>
internal static class ServerTargets
{
    // It lives as long as the process does.
    private static readonly Lazy<ServerHarness> s_server = new(static () => new ServerHarness(isPublic: true, service: new Server.ZoneServiceOptions { Endpoints = [], Zones = [], RateLimit = null }));

    internal static IEnumerable<FuzzTarget> All =>
    [
        new("zone-service", [.. Samples(), .. DnsVectors.Messages, .. DnsVectors.Signed], Datagram),
    ];

    private static bool Datagram(byte[] bytes)
    {
        var workspace = new RequestWorkspace();
        var origin = new RequestOrigin(ServerHarness.Client, 0, DnsTransportKind.Udp);
        ValueTask<int> answering = s_server.Value.Handler.HandleAsync(bytes, origin, peer: null, workspace, CancellationToken.None);
        int length = answering.IsCompleted ? answering.Result : answering.AsTask().GetAwaiter().GetResult();
        if (length == 0)
            return true;
        Assert.InRange(length, DnsHeader.Size, EdnsInfo.SafeUdpPayloadSize);
        Assert.Equal(0, s_server.Value.Metrics.Read(Server.Hosting.ServerCount.RequestsFailed));
        return Protocol.NatTraversal.Stun.StunHeader.IsStun(bytes) || DnsMessage.TryParse(workspace.Response.AsSpan(0, length), out _);
    }

    private static IEnumerable<byte[]> Samples()
    {
        DnsName apex = TestZones.Alice;
        yield return ServerHarness.Query(apex, DnsType.SOA, new EdnsInfo(1232, [new UnknownOption(10, new byte[24])])).ToArray();
        yield return ServerHarness.Query(apex, DnsType.NS).ToArray();
        yield return ServerHarness.Query(apex, DnsType.TXT, new EdnsInfo(new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 3600))).ToArray();
        yield return ServerHarness.Update(apex, [new DnsRecord(apex.Prepend("a"), 60, new Protocol.Dns.Data.TxtData("x"))], lease: new UpdateLeaseOption(3600)).ToArray();
        byte[] stun = new byte[28];
        Protocol.NatTraversal.Stun.StunResponse.WriteRequest(stun, new byte[12]);
        yield return stun;
    }
}
