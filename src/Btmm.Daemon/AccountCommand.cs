using System.Text;
using System.Text.Json;
using Btmm.Core.Contracts;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;

namespace Btmm.Daemon;

/// <summary><c>btmmd account new|export|import|show|authority</c>.</summary>
internal sealed class AccountCommand(TextReader input, TextWriter output)
{
    private const int MaxPassphraseLength = 1024;

    internal async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        string verb = arguments.Count > 0 ? arguments[0] : "";
        IReadOnlyList<string> rest = [.. arguments.Skip(1)];
        await (verb switch
        {
            "new" => NewAsync(rest, cancellationToken),
            "export" => ExportAsync(rest, cancellationToken),
            "import" => ImportAsync(rest, cancellationToken),
            "show" => ShowAsync(rest, cancellationToken),
            "authority" => AuthorityAsync(rest, cancellationToken),
            _ => throw new UsageException("account needs one of: new, export, import, show, authority"),
        }).ConfigureAwait(false);
        return ExitCode.Success;
    }

    /// <summary>The servers of repeated <c>--server</c> options.</summary>
    internal static IReadOnlyList<ZoneServer> Servers(CommandLine line) =>
    [
        .. line.All("--server").Select(CommandLine.ParseServer).Select(server =>
            server.Port is { } port ? new ZoneServer(server.Host, port) : new ZoneServer(server.Host)),
    ];

    private static IReadOnlyList<ZoneServer> ServersWithTls(CommandLine line)
    {
        TlsUse use = TlsUse.Preferred;
        if (line.Get("--tls") is { } text && !(Enum.TryParse(text, ignoreCase: true, out use) && Enum.IsDefined(use)))
            throw new UsageException("--tls must be preferred, required or off");
        ZoneServer[] servers =
        [
            .. Servers(line).Select(server => server with
            {
                Tls = use,
                TlsPort = line.GetInteger("--tls-port", 1, ushort.MaxValue),
                HasPublicCertificate = line.Has("--public-certificate"),
            }),
        ];
        bool isIdle = servers.Length == 0 && (use != TlsUse.Preferred || line.Get("--tls-port") is not null || line.Has("--public-certificate"));
        return isIdle ? throw new UsageException("--tls, --tls-port and --public-certificate are about a --server") : servers;
    }

    private async Task NewAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        CommandLine line = CommandLine.Parse(arguments, ["--domain", "--out", "--tls", "--tls-port"], ["--server"], ["--public-certificate"]);
        string text = line.Require("--domain");
        if (!DnsName.TryParse(text, out DnsName? domain)) throw new UsageException($"\"{text}\" is no domain name");
        string path = NewFile(line.Require("--out"));
        using BtmmAccount account = BtmmAccount.Create(domain, SystemRandomSource.Instance, ServersWithTls(line));
        await AccountFile.SaveAsync(account, path, cancellationToken).ConfigureAwait(false);
        output.WriteLine($"{account.Domain}: new account in {path}");
    }

    private async Task ExportAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        CommandLine line = CommandLine.Parse(arguments, ["--account", "--out", "--passphrase-file"], [], ["--with-authority-key"]);
        string path = NewFile(line.Require("--out"));
        using BtmmAccount account = await AccountFile.LoadAsync(line.Require("--account"), cancellationToken).ConfigureAwait(false);
        await AccountFile.ExportAsync(account, path, ReadPassphrase(line).AsMemory(), line.Has("--with-authority-key"), cancellationToken).ConfigureAwait(false);
        output.WriteLine($"{account.Domain}: exported to {path}");
    }

    private async Task ImportAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        CommandLine line = CommandLine.Parse(arguments, ["--in", "--out", "--passphrase-file"], [], []);
        string path = NewFile(line.Require("--out"));
        using BtmmAccount account = await AccountFile.ImportAsync(line.Require("--in"), ReadPassphrase(line).AsMemory(), cancellationToken).ConfigureAwait(false);
        await AccountFile.SaveAsync(account, path, cancellationToken).ConfigureAwait(false);
        output.WriteLine($"{account.Domain}: imported into {path}");
    }

    private async Task ShowAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        CommandLine line = CommandLine.Parse(arguments, ["--account"], [], ["--json"]);
        using BtmmAccount account = await AccountFile.LoadAsync(line.Require("--account"), cancellationToken).ConfigureAwait(false);
        string[] servers = [.. account.Servers.Select(server => $"{server.Host}:{server.Port}")];
        if (line.Has("--json"))
        {
            output.WriteLine(Json(account, servers));
            return;
        }

        output.WriteLine($"domain    {account.Domain}");
        output.WriteLine($"key       {account.UpdateKey.Name} ({account.UpdateKey.Algorithm})");
        output.WriteLine($"authority {Describe(account.Authority)}");
        output.WriteLine($"servers   {(servers.Length == 0 ? "found by SRV records" : string.Join(", ", servers))}");
    }

    /// <summary>Prints the authority's certificate, for programs that shall trust the account's servers; makes one when told to.</summary>
    private async Task AuthorityAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        CommandLine line = CommandLine.Parse(arguments, ["--account"], [], ["--new"]);
        string path = line.Require("--account");
        using BtmmAccount account = await AccountFile.LoadAsync(path, cancellationToken).ConfigureAwait(false);
        if (!line.Has("--new"))
        {
            output.WriteLine((account.Authority ?? throw new UsageException($"{path} has no authority; --new makes one")).ExportCertificatePem());
            return;
        }

        if (account.Authority is not null) throw new UsageException($"{path} has an authority, which the account's hosts know; it is not replaced");
        using var authority = AccountAuthority.Create();
        await AccountFile.SaveAsync(account.WithAuthority(authority), path, cancellationToken).ConfigureAwait(false);
        output.WriteLine($"{account.Domain}: new authority {authority.Pin} in {path}; export the account to its other hosts again");
    }

    private static string Describe(AccountAuthority? authority) =>
        authority is null ? "none" : $"{authority.Pin} ({(authority.CanIssue ? "with its private key" : "certificate only")})";

    private static string Json(BtmmAccount account, string[] servers)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("domain", account.Domain.ToString());
            writer.WriteString("key", account.UpdateKey.Name.ToString());
            writer.WriteString("algorithm", account.UpdateKey.Algorithm.ToString());
            if (account.Authority is { } authority)
            {
                writer.WriteString("authorityPin", authority.Pin);
                writer.WriteBoolean("authorityCanIssue", authority.CanIssue);
            }

            writer.WriteStartArray("servers");
            foreach (string server in servers) writer.WriteStringValue(server);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>The first line of the passphrase file, or of standard input.</summary>
    private string ReadPassphrase(CommandLine line)
    {
        string? passphrase;
        if (line.Get("--passphrase-file") is { } path)
        {
            if (!File.Exists(path)) throw new UsageException($"there is no file {path}");
            using var file = new StreamReader(path, Encoding.UTF8);
            passphrase = file.ReadLine();
        }
        else
        {
            passphrase = input.ReadLine();
        }

        return passphrase is { Length: > 0 and <= MaxPassphraseLength } ? passphrase : throw new UsageException("there is no passphrase");
    }

    /// <summary>Keys are never overwritten: a lost account cannot be had again.</summary>
    private static string NewFile(string path) =>
        File.Exists(path) ? throw new UsageException($"{path} exists already; remove it or choose another name") : path;
}
