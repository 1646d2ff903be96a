using System.Globalization;
using System.Net;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server;

namespace Btmm.Benchmarks;

/// <summary>The zone service of <see cref="LlqSpeed"/> in a process of its own, so that its memory can be told from the clients'.</summary>
internal sealed class LlqSpeedServer : IDisposable
{
    private const int SecretLength = 32;

    private readonly ServerProcess _process;

    private LlqSpeedServer(ServerProcess process, TsigKey key, IPEndPoint endpoint)
    {
        _process = process;
        Key = key;
        EndPoint = endpoint;
    }

    internal static DnsName Zone { get; } = DnsName.Parse("alice.members.example.net");

    internal TsigKey Key { get; }

    internal IPEndPoint EndPoint { get; }

    /// <summary>Its process, whose memory and time are measured.</summary>
    internal ServerProcess Process => _process;

    /// <summary>Runs the server: the secret comes in one line, the endpoint goes out in one, the end of the input stops it.</summary>
    internal static async Task<int> RunAsync()
    {
        byte[] secret = Convert.FromHexString(await Console.In.ReadLineAsync() ?? string.Empty);
        using TsigKey key = MakeKey(secret);
        await using var service = new ZoneService(new ZoneServiceOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            DatagramServers = DatagramServerFactory.Instance,
            Zones = [new ZoneOptions { Apex = Zone, Keys = [new ZoneKey(key, Zone)] }],
            Limits = new ZoneServiceLimits { MaxLongLivedQueries = 1_000_000, MaxLongLivedQueriesPerKey = 1_000_000, MaxLongLivedQueriesPerName = 100_000 },
        });
        await service.StartAsync();
        Console.WriteLine(service.Endpoints[0]);
        while (await Console.In.ReadLineAsync() is not null)
            Console.WriteLine(service.GetStatus().LongLivedQueries.ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    internal static async Task<LlqSpeedServer> StartAsync()
    {
        byte[] secret = new byte[SecretLength];
        Random.Shared.NextBytes(secret);
        ServerProcess process = ServerProcess.Start("llq-server");
        string endpoint = await process.AskAsync(Convert.ToHexString(secret));
        return new LlqSpeedServer(process, MakeKey(secret), IPEndPoint.Parse(endpoint));
    }

    /// <summary>How many long-lived queries the server holds.</summary>
    internal async Task<int> CountAsync() => int.Parse(await _process.AskAsync(), CultureInfo.InvariantCulture);

    public void Dispose()
    {
        _process.Dispose();
        Key.Dispose();
    }

    private static TsigKey MakeKey(byte[] secret) => new(DnsName.Parse("btmm-key." + Zone), TsigAlgorithm.HmacSha256, secret);
}
