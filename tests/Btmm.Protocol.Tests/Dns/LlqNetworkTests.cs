using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.LongLivedQuery;

namespace Btmm.Protocol.Tests.Dns;

/// <summary>The session against a model server over a network that loses, doubles and reorders, on virtual time.</summary>
public sealed class LlqNetworkTests
{
    private static readonly DnsQuestion s_question = new(DnsName.Parse("_autotunnel._udp.alice.test"), DnsType.PTR);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(100);

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.1)]
    [InlineData(0.3)]
    public void Query_OverABadNetwork_EndsWithTheZonesRecords(double loss)
    {
        for (int seed = 1; seed <= 60; seed++)
        {
            var random = new Random(seed);
            var server = new LlqModelServer(s_question, lease: 120) { SignalsUnknown = seed % 2 == 0 };
            ushort next = 1000;
            var session = new LlqClientSession(s_question, TimeSpan.FromSeconds(120), () => next++);
            var flights = new List<(TimeSpan At, bool ToServer, DnsMessage Message)>();
            session.Start(TimeSpan.Zero);
            for (TimeSpan now = TimeSpan.Zero; now < TimeSpan.FromMinutes(30); now += s_step)
            {
                bool isBad = now < TimeSpan.FromMinutes(20);
                if (isBad && random.Next(100) == 0) Change(server, random);
                if (isBad && random.Next(5000) == 0) server.Forget(); // it restarted
                if (session.State is LlqSessionState.NoAnswer or LlqSessionState.Unsupported && random.Next(100) == 0) session.Start(now);
                Deliver(now, flights, server, session);
                server.Tick(now);
                session.HandleTimeout(now);
                while (session.TryTakeOutput(out LlqOutput output)) Fly(flights, now, toServer: true, output.Message, random, isBad ? loss : 0);
                while (server.Outputs.TryDequeue(out DnsMessage? message)) Fly(flights, now, toServer: false, message, random, isBad ? loss : 0);
                while (session.TryTakeEvent(out _)) { }
            }

            Assert.Equal(LlqSessionState.Established, session.State is LlqSessionState.Refreshing ? LlqSessionState.Established : session.State);
            Assert.True(server.Zone.SetEquals(session.Records), $"seed {seed}: {server.Zone.Count} records, the client has {session.Records.Count}");
        }
    }

    private static void Change(LlqModelServer server, Random random)
    {
        DnsRecord record = server.MakeRecord(random.Next(8));
        if (!server.Zone.Remove(record)) server.Zone.Add(record);
    }

    private static void Fly(List<(TimeSpan At, bool ToServer, DnsMessage Message)> flights, TimeSpan now, bool toServer, DnsMessage message, Random random, double loss)
    {
        int copies = random.NextDouble() < loss / 2 ? 2 : 1;
        for (; copies > 0; copies--)
        {
            if (random.NextDouble() >= loss) flights.Add((now + (s_step * (1 + (loss > 0 ? random.Next(8) : 0))), toServer, message));
        }
    }

    private static void Deliver(TimeSpan now, List<(TimeSpan At, bool ToServer, DnsMessage Message)> flights, LlqModelServer server, LlqClientSession session)
    {
        foreach ((TimeSpan at, bool toServer, DnsMessage message) in flights.Where(flight => flight.At <= now).ToArray())
        {
            if (toServer) server.Handle(now, message);
            else session.HandleMessage(now, message);
        }

        flights.RemoveAll(flight => flight.At <= now);
    }
}
