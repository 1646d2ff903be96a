using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.TestKit;

namespace Btmm.Core.Tests.Dns;

/// <summary>A client, a server and a wire between them, on virtual time.</summary>
internal sealed class DnsTestNet : IAsyncDisposable
{
    public static readonly DnsName Domain = DnsName.Parse("alice.test");
    public static readonly DnsName Name = DnsName.Parse("studio.alice.test");

    public DnsTestNet(DnsClientOptions? options = null, bool isSigned = false)
    {
        Key = new TsigKey(DnsName.Parse("alice-key"), TsigAlgorithm.HmacSha256, new byte[32]);
        Wire = new VirtualWire(Clock);
        Server = new FakeNameServer(Wire, Clock, keys: Key);
        Host = Wire.Host("192.0.2.1");
        Client = new DnsClient(Host, Server, SystemRandomSource.Instance, Clock, options);
        UsedKey = isSigned ? Key : null;
    }

    public FakeClock Clock { get; } = new();

    public VirtualWire Wire { get; }

    public VirtualHost Host { get; }

    public FakeNameServer Server { get; }

    public DnsClient Client { get; }

    public TsigKey Key { get; }

    public TsigKey? UsedKey { get; }

    public IReadOnlyList<IPEndPoint> Servers => [Server.EndPoint];

    public DnsQuestion Question { get; } = new(Name, DnsType.A);

    /// <summary>Runs virtual time until the task ends; returns how long that took.</summary>
    public async Task<TimeSpan> RunAsync(Task task)
    {
        TimeSpan start = Clock.Elapsed;
        await Clock.RunUntilAsync(() => task.IsCompleted, TimeSpan.FromHours(1));
        return Clock.Elapsed - start;
    }

    /// <summary>Waits until the client's next timer is as far off as expected, then moves there.</summary>
    public async Task StepAsync(TimeSpan expected)
    {
        await Eventually.HoldsAsync(() => Clock.NextTimer == expected, $"a timer in {expected}");
        Clock.Advance(expected);
    }

    /// <summary>Asks without virtual time passing.</summary>
    public Task<DnsReply> QueryAsync(params IReadOnlyList<IPEndPoint> servers)
        => Client.QueryAsync(Question, servers.Count > 0 ? servers : Servers, UsedKey);

    /// <summary>Asks a server that does not satisfy, with as much virtual time as that takes.</summary>
    public async Task<BtmmException> FailInTimeAsync()
    {
        Task<DnsReply> query = QueryAsync();
        await RunAsync(query);
        return await Assert.ThrowsAsync<BtmmException>(() => query);
    }

    public Task<BtmmException> FailAsync(params IReadOnlyList<IPEndPoint> servers) => Assert.ThrowsAsync<BtmmException>(() => QueryAsync(servers));

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Key.Dispose();
    }
}
