using System.Net;
using Btmm.Core.Administration;
using Btmm.Core.SignOn;
using Btmm.Platform.Sockets;
using Btmm.Server;

namespace Btmm.Daemon;

/// <summary>The options of <c>btmmd zone</c>.</summary>
internal sealed class ZoneArguments
{
    private const int DnsPort = 53;
    private const int TlsPort = 853;
    private const int LongLivedQueryPort = 5352;
    private const int StunPort = 3478;
    private const int MaxWorkers = 256;

    // Answers of all kinds that one network may get for each of one kind.
    private const int KindsAtATime = 20;
    private const int MaxRate = 50_000;

    private readonly CommandLine _line;
    private readonly IPEndPoint[] _endpoints;
    private readonly int? _maxRecords;
    private readonly int? _updatesPerMinute;

    /// <exception cref="UsageException">Something is missing or wrong.</exception>
    internal ZoneArguments(IReadOnlyList<string> arguments)
    {
        _line = CommandLine.Parse(
            arguments,
            ["--store", "--key-file", "--control", "--label", "--workers", "--rate-limit", "--certificate", "--certificate-key", "--certificate-password-file", "--max-records", "--updates-per-minute"],
            ["--account", "--listen", "--tls", "--llq", "--stun", "--address"],
            ["--public", "--json"]);
        Accounts = _line.Has("--store") ? _line.All("--account") : _line.RequireAll("--account");
        _endpoints = Endpoints("--listen", DnsPort);
        if (_endpoints.Length == 0) throw new UsageException("--listen is missing");
        _maxRecords = _line.GetInteger("--max-records", ZoneQuota.FewestRecords, int.MaxValue);
        _updatesPerMinute = _line.GetInteger("--updates-per-minute", 0, int.MaxValue);
        if (_line.Has("--certificate-key") && !_line.Has("--certificate")) throw new UsageException("--certificate-key needs --certificate");
    }

    /// <summary>Paths of account files.</summary>
    internal IReadOnlyList<string> Accounts { get; }

    internal bool IsJson => _line.Has("--json");

    /// <summary>How to run the service of these accounts.</summary>
    /// <exception cref="UsageException">A value is wrong.</exception>
    internal ZoneHostOptions ToOptions(IReadOnlyList<BtmmAccount> accounts) => new()
    {
        Service = new ZoneServiceOptions
        {
            Endpoints = _endpoints,
            LongLivedQueryEndpoints = Endpoints("--llq", LongLivedQueryPort),
            TlsEndpoints = Endpoints("--tls", TlsPort),
            Certificate = Certificate(),
            Zones = [.. accounts.Select(Zone)],
            StunEndpoints = Endpoints("--stun", StunPort),
            PublicAddresses = [.. _line.All("--address").Select(ParseAddress)],
            ServerLabel = _line.Get("--label"),
            DatagramServers = DatagramServerFactory.Instance,
            RateLimit = ParseRateLimit(_line.GetInteger("--rate-limit", 0, MaxRate)),
            UdpWorkers = _line.GetInteger("--workers", 1, MaxWorkers) ?? 0,
        },
        Store = _line.Get("--store"),
        KeyFile = _line.Get("--key-file"),
        ControlPath = _line.Get("--control"),
    };

    private ZoneOptions Zone(BtmmAccount account)
    {
        ZoneOptions zone = ZoneOptions.ForAccount(account);
        ZoneQuota quota = zone.Quota with
        {
            MaxRecords = _maxRecords ?? zone.Quota.MaxRecords,
            UpdatesPerMinute = _updatesPerMinute ?? zone.Quota.UpdatesPerMinute,
        };
        return zone with { IsPublic = _line.Has("--public"), Quota = quota };
    }

    private ServerCertificate? Certificate()
    {
        if (_line.Get("--certificate") is not { } file) return null;
        string? password = null;
        if (_line.Get("--certificate-password-file") is { } path)
        {
            if (!File.Exists(path)) throw new UsageException($"there is no file {path}");
            password = File.ReadLines(path).FirstOrDefault() ?? throw new UsageException($"{path} is empty");
        }

        return new ServerCertificate(file, _line.Get("--certificate-key"), password);
    }

    private IPEndPoint[] Endpoints(string option, int port) => [.. _line.All(option).Select(text => CommandLine.ParseEndpoint(text, port))];

    private static RateLimit? ParseRateLimit(int? rate) => rate switch
    {
        null => new RateLimit(),
        0 => null,
        { } one => new RateLimit { AnswersPerSecond = one, AllPerSecond = one * KindsAtATime },
    };

    private static IPAddress ParseAddress(string text) =>
        IPAddress.TryParse(text, out IPAddress? address) ? address : throw new UsageException($"\"{text}\" is no address");
}
