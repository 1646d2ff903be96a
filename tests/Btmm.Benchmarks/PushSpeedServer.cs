using System.Globalization;
using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.SignOn;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server;

namespace Btmm.Benchmarks;

/// <summary>The zone service of <see cref="PushSpeed"/> in a process of its own, so that its figures can be told from the clients'.</summary>
internal sealed class PushSpeedServer : IDisposable
{
    private readonly ServerProcess _process;

    private PushSpeedServer(ServerProcess process, TsigKey key, IPEndPoint clear, IPEndPoint tls)
    {
        _process = process;
        Key = key;
        Clear = clear;
        Tls = tls;
    }

    internal static DnsName Zone { get; } = DnsName.Parse("alice.members.example.net");

    internal TsigKey Key { get; }

    internal IPEndPoint Clear { get; }

    internal IPEndPoint Tls { get; }

    /// <summary>Its process, whose memory and time are measured.</summary>
    internal ServerProcess Process => _process;

    /// <summary>Runs the server: key and endpoints go out in one line, each line in asks for two counts, the end of the input stops it.</summary>
    internal static async Task<int> RunAsync()
    {
        using BtmmAccount account = BtmmAccount.Create(Zone, SystemRandomSource.Instance);
        const int Many = 1_000_000;
        await using var service = new ZoneService(new ZoneServiceOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            TlsEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            DatagramServers = DatagramServerFactory.Instance,
            Zones = [ZoneOptions.ForAccount(account)],
            Limits = new ZoneServiceLimits
            {
                MaxConnections = Many, MaxConnectionsPerClient = Many,
                MaxPushSubscriptions = Many, MaxPushSubscriptionsPerClient = Many, MaxPushSubscriptionsPerKey = Many,
            },
        });
        await service.StartAsync();
        byte[] secret = new byte[account.UpdateKey.SecretLength];
        account.UpdateKey.CopySecretTo(secret);
        Console.WriteLine($"{account.UpdateKey.Name} {Convert.ToHexString(secret)} {service.Endpoints[0]} {service.TlsEndpoints[0]}");
        while (await Console.In.ReadLineAsync() is not null)
        {
            ZoneServiceStatus status = service.GetStatus();
            Console.WriteLine($"{status.PushSubscriptions} {status.Counters.PushesSent}");
        }

        return 0;
    }

    internal static async Task<PushSpeedServer> StartAsync()
    {
        ServerProcess process = ServerProcess.Start("push-server");
        string[] words = (await process.ReadAsync()).Split(' ');
        var key = new TsigKey(DnsName.Parse(words[0]), TsigAlgorithm.HmacSha256, Convert.FromHexString(words[1]));
        return new PushSpeedServer(process, key, IPEndPoint.Parse(words[2]), IPEndPoint.Parse(words[3]));
    }

    /// <summary>How many subscriptions the server holds, and how many PUSH messages it has sent.</summary>
    internal async Task<(int Subscriptions, long Pushes)> CountAsync()
    {
        string[] words = (await _process.AskAsync()).Split(' ');
        return (int.Parse(words[0], CultureInfo.InvariantCulture), long.Parse(words[1], CultureInfo.InvariantCulture));
    }

    public void Dispose()
    {
        _process.Dispose();
        Key.Dispose();
    }
}
