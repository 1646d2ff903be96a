using System.Diagnostics;
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

    private readonly Process _process;

    private LlqSpeedServer(Process process, TsigKey key, IPEndPoint endpoint)
    {
        _process = process;
        Key = key;
        EndPoint = endpoint;
    }

    internal static DnsName Zone { get; } = DnsName.Parse("alice.members.example.net");

    internal TsigKey Key { get; }

    internal IPEndPoint EndPoint { get; }

    /// <summary>Resident memory, bytes.</summary>
    internal long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Processor time used so far.</summary>
    internal TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

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
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("The program's path is not known.");
        var start = new ProcessStartInfo(program, ["llq-server"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["DOTNET_gcConcurrent"] = "1"; // as btmmd has it; this program switches it off for its other figures
        Process process = Process.Start(start) ?? throw new InvalidOperationException("The server did not start.");
        await process.StandardInput.WriteLineAsync(Convert.ToHexString(secret));
        string endpoint = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server ended.");
        return new LlqSpeedServer(process, MakeKey(secret), IPEndPoint.Parse(endpoint));
    }

    /// <summary>How many long-lived queries the server holds.</summary>
    internal async Task<int> CountAsync()
    {
        await _process.StandardInput.WriteLineAsync();
        return int.Parse(await _process.StandardOutput.ReadLineAsync() ?? "0", CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
            _process.Kill();
        _process.Dispose();
        Key.Dispose();
    }

    private static TsigKey MakeKey(byte[] secret) => new(DnsName.Parse("btmm-key." + Zone), TsigAlgorithm.HmacSha256, secret);
}
