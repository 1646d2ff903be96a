using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Requests;

namespace Btmm.Server.Tests;

/// <summary>From the bytes of an ordinary query to those of its answer, nothing is allocated.</summary>
public sealed class QueryAllocationTests : IDisposable
{
    private const int Rounds = 1000;

    private readonly ServerHarness _server = new(isPublic: true);

    public void Dispose() => _server.Dispose();

    public static TheoryData<string, string, DnsType, DnsRcode, int> Questions => new()
    {
        { "found", "studio", DnsType.A, DnsRcode.NoError, 1 },
        { "found in another case", "STUDIO", DnsType.A, DnsRcode.NoError, 1 },
        { "no data", "studio", DnsType.TXT, DnsRcode.NoError, 0 },
        { "no name", "nothing", DnsType.A, DnsRcode.NXDomain, 0 },
        { "empty non-terminal", "_udp.studio", DnsType.A, DnsRcode.NoError, 0 },
        { "referral", "deep.below.sub", DnsType.A, DnsRcode.NoError, 0 },
        { "alias", "alias", DnsType.A, DnsRcode.NoError, 2 },
        { "alias to another's zone", "away", DnsType.A, DnsRcode.NoError, 1 },
        { "any", "studio", DnsType.ANY, DnsRcode.NoError, 1 },
        { "additional records", "_autotunnel._udp", DnsType.PTR, DnsRcode.NoError, 1 },
        { "not supported", "studio", DnsType.MAILB, DnsRcode.NotImp, 0 },
    };

    [Theory, MemberData(nameof(Questions))]
    public async Task Query_Ordinary_AllocatesNothing(string what, string name, DnsType type, DnsRcode rcode, int answers)
    {
        await FillAsync();
        foreach (EdnsInfo? edns in new[] { null, new EdnsInfo(1232, [new UnknownOption(65_001, new byte[8])]) })
        {
            byte[] query = ServerHarness.Query(_server.Name(name), type, edns).ToArray();
            byte[] response = new byte[EdnsInfo.SafeUdpPayloadSize];
            var workspace = new RequestWorkspace();
            var origin = new RequestOrigin(ServerHarness.Client, 0, DnsTransportKind.Udp);
            int length = Answer(query, origin, response, workspace, Rounds);
            Assert.True(DnsMessage.TryParse(response.AsSpan(0, length), out DnsMessage? reply), what);
            Assert.Equal((rcode, answers), (reply.Rcode, reply.Answers.Count));
            Assert.Equal(edns is null, reply.Edns is null);

            long before = GC.GetAllocatedBytesForCurrentThread();
            Answer(query, origin, response, workspace, Rounds);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Rounds * 20); // less than any one object a time; the runtime may have its own
        }
    }

    private int Answer(byte[] query, in RequestOrigin origin, byte[] response, RequestWorkspace workspace, int times)
    {
        int length = 0;
        for (int i = 0; i < times; i++)
        {
            if (!_server.Handler.TryHandle(query, origin, null, response, workspace, out length))
                return 0;
        }

        return length;
    }

    private Task FillAsync()
    {
        DnsName studio = _server.Name("studio");
        DnsName service = _server.Name("_autotunnel._udp.studio");
        DnsName server = _server.Name("ns1.sub");
        return _server.AddAsync(
            Records.A(studio, "192.0.2.1"),
            Records.Aaaa(studio, "fd00::1"),
            Records.Srv(service, 40_500, studio),
            Records.Ptr(_server.Name("_autotunnel._udp"), service),
            Records.Cname(_server.Name("alias"), studio),
            Records.Cname(_server.Name("away"), DnsName.Parse("www.example.com")),
            Records.Ns(_server.Name("sub"), server),
            Records.A(server, "192.0.2.8"));
    }
}
