using System.Diagnostics;
using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>The embedded zone service on a loopback port, and BIND's tools with key files to talk to it.</summary>
internal sealed class ServerFixture : IAsyncDisposable
{
    internal const string Domain = "alice.members.example.net";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-server-").FullName;

    private ServerFixture(BtmmAccount account, ZoneService service)
    {
        Account = account;
        Service = service;
    }

    internal BtmmAccount Account { get; }

    internal ZoneService Service { get; }

    internal IPEndPoint Endpoint => Service.Endpoints[0];

    internal static async Task<ServerFixture> StartAsync(TimeProvider? time = null, Func<ZoneServiceOptions, ZoneServiceOptions>? change = null)
    {
        BtmmAccount account = BtmmAccount.Create(DnsName.Parse(Domain), SystemRandomSource.Instance);
        var options = new ZoneServiceOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Zones = [ZoneOptions.ForAccount(account)],
            TimeProvider = time ?? TimeProvider.System,
            DatagramServers = DatagramServerFactory.Instance,
        };
        return new ServerFixture(account, await StartServiceAsync(change is null ? options : change(options)));
    }

    /// <summary>
    /// Starts a service, perhaps where another one was just now. A program that another test starts holds, between fork and exec, the
    /// sockets of all: a port is busy for that moment longer than its service lives.
    /// </summary>
    internal static async Task<ZoneService> StartServiceAsync(ZoneServiceOptions options)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            var service = new ZoneService(options);
            try
            {
                await service.StartAsync();
                return service;
            }
            catch (BtmmException e) when (e.Reason == BtmmErrorReason.ResourceBusy && Stopwatch.GetElapsedTime(start) < s_patience)
            {
                await service.DisposeAsync();
                await Task.Delay(s_pause);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        Account.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    internal uint Serial => Service.GetStatus().Zones[0].Serial;

    /// <summary>Runs dig, signed with the account's key or another, or unsigned.</summary>
    internal Task<CommandResult> DigAsync(bool signed, params string[] arguments)
    {
        string[] key = signed ? ["-k", KeyFile(Account.UpdateKey)] : [];
        return DigWithAsync(key, arguments);
    }

    internal Task<CommandResult> DigWithAsync(TsigKey key, params string[] arguments) => DigWithAsync(["-k", KeyFile(key)], arguments);

    /// <summary>Runs nsupdate with a script for the zone.</summary>
    internal Task<CommandResult> NsupdateAsync(TsigKey? key, bool tcp, params string[] script)
    {
        string[] options = [.. tcp ? new[] { "-v" } : [], .. key is null ? [] : new[] { "-k", KeyFile(key) }];
        string[] lines = [$"server {Endpoint.Address} {Endpoint.Port}", $"zone {Domain}", .. script, "send", ""];
        return Command.RunAsync("nsupdate", options, input: string.Join('\n', lines));
    }

    /// <summary>The update key as dnsperf takes it: name and secret.</summary>
    internal string UpdateSecret
    {
        get
        {
            byte[] secret = new byte[Account.UpdateKey.SecretLength];
            Account.UpdateKey.CopySecretTo(secret);
            return $"{Account.UpdateKey.Name}:{Convert.ToBase64String(secret)}";
        }
    }

    internal Task<CommandResult> DnsperfAsync(params string[] arguments) =>
        Command.RunAsync("dnsperf", ["-s", $"{Endpoint.Address}", "-p", $"{Endpoint.Port}", .. arguments]);

    /// <summary>Writes a file that lives as long as the service; returns its path.</summary>
    internal string WriteFile(string[] lines)
    {
        string path = Path.Combine(_directory, Path.GetRandomFileName());
        File.WriteAllLines(path, lines);
        return path;
    }

    private Task<CommandResult> DigWithAsync(string[] key, string[] arguments) => Command.RunAsync(
        "dig",
        ["@" + Endpoint.Address, "-p", $"{Endpoint.Port}", "+norecurse", "+time=10", "+tries=3", .. key, .. arguments]);

    /// <summary>The certificate of the account's authority in a file.</summary>
    internal string AuthorityFile() => FileOf(Account.Authority!.ExportCertificatePem());

    /// <summary>A file with this text, in the fixture's directory.</summary>
    internal string FileOf(string text)
    {
        string path = Path.Combine(_directory, Path.GetRandomFileName());
        File.WriteAllText(path, text);
        return path;
    }

    private string KeyFile(TsigKey key)
    {
        byte[] secret = new byte[key.SecretLength];
        key.CopySecretTo(secret);
        string path = Path.Combine(_directory, Path.GetRandomFileName());
        File.WriteAllText(path, $"key \"{key.Name}\" {{ algorithm {key.Algorithm.Name}; secret \"{Convert.ToBase64String(secret)}\"; }};\n");
        return path;
    }
}
