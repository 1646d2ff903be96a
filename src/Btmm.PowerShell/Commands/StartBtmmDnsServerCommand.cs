using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using System.Security;
using Btmm.Core.Administration;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Jobs;
using Btmm.Platform.Sockets;
using Btmm.Server;

namespace Btmm.PowerShell.Commands;

/// <summary>Start-BtmmDnsServer: starts a zone service as a job.</summary>
[Cmdlet(VerbsLifecycle.Start, "BtmmDnsServer", SupportsShouldProcess = true)]
[OutputType(typeof(BtmmDnsServerJob))]
public sealed class StartBtmmDnsServerCommand : BtmmCmdlet
{
    // Answers of all kinds that one network may get for each of one kind.
    private const int KindsAtATime = 20;
    private const int MaxRate = 50_000;

    /// <summary>The accounts whose domains are served; those of the store's catalog are served beside them.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public BtmmAccount[]? Account { get; set; }

    /// <summary>The addresses on which to listen; all unless given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public IPAddress[] Address { get; set; } = Socket.OSSupportsIPv6 ? [IPAddress.Any, IPAddress.IPv6Any] : [IPAddress.Any];

    /// <summary>The UDP and TCP port; 0 for any free one.</summary>
    [Parameter]
    [ValidateRange(0, 65535)]
    public int Port { get; set; } = Engine.DnsPort;

    /// <summary>A further UDP port for long-lived queries; 0 for any free one.</summary>
    [Parameter]
    [ValidateRange(0, 65535)]
    public int? LongLivedQueryPort { get; set; }

    /// <summary>A further UDP port for STUN (3478 by custom); 0 for any free one.</summary>
    [Parameter]
    [ValidateRange(0, 65535)]
    public int? StunPort { get; set; }

    /// <summary>The TLS port (853 by custom); 0 for any free one, no TLS unless given.</summary>
    [Parameter]
    [ValidateRange(0, 65535)]
    public int? TlsPort { get; set; }

    /// <summary>The server's certificate, PEM or PFX; one of the account's own authority unless given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CertificatePath { get; set; }

    /// <summary>The certificate's private key, PEM, when it is in a file of its own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CertificateKeyPath { get; set; }

    /// <summary>Opens the PFX file or the encrypted key.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? CertificatePassword { get; set; }

    /// <summary>The addresses published for the server in the zones; those on which it listens unless given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public IPAddress[]? PublicAddress { get; set; }

    /// <summary>Where the records, zones and keys are kept: a file, a PostgreSQL database's address, or @FILE with either on its first line. In memory unless given.</summary>
    [Parameter]
    [Alias("StorePath")]
    [ValidateNotNullOrEmpty]
    public string? Store { get; set; }

    /// <summary>The file with the key that seals the store's secrets; made at first use.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFile { get; set; }

    /// <summary>Opens a control socket at this path, so that other processes can control the service.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ControlPath { get; set; }

    /// <summary>Lets anybody read the accounts' zones, as in ordinary DNS.</summary>
    [Parameter]
    public SwitchParameter Public { get; set; }

    /// <summary>Records that each account's zone may have.</summary>
    [Parameter]
    [ValidateRange(ZoneQuota.FewestRecords, int.MaxValue)]
    public int MaxRecords { get; set; } = ZoneQuota.Default.MaxRecords;

    /// <summary>Updates a minute that each account's zone may have; 0 for any number.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int UpdatesPerMinute { get; set; }

    /// <summary>Answers of one kind a second over UDP to one network whose address is not proven; 0 for any number.</summary>
    [Parameter]
    [ValidateRange(0, MaxRate)]
    public int RateLimit { get; set; } = 100;

    /// <summary>This server's own name in the zones, one label; servers that share a database need one each.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ServerLabel { get; set; }

    /// <summary>The job's name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem((object?)Account ?? Store, () =>
    {
        BtmmAccount[] accounts = Account ?? [];
        IPEndPoint[] endpoints = At(Port);
        string zones = accounts.Length == 0 ? "the store's zones" : $"zone {string.Join(", ", accounts.Select(account => account.Domain))}";
        if (!ShouldProcess(string.Join(", ", (IEnumerable<IPEndPoint>)endpoints), $"serve {zones}")) return;
        ZoneHostOptions options = MakeOptions(accounts, endpoints);
        ZoneHost? started = null;
        try
        {
            started = Await(async token => started = await ZoneHost.StartAsync(options, token).ConfigureAwait(false));
            Launch(new BtmmDnsServerJob(MyInvocation.MyCommand.Name, Name, accounts, started));
        }
        catch (PipelineStoppedException)
        {
            // Stopped between its start and the job's.
            if (started is not null) _ = Task.Run(async () => await started.DisposeAsync().ConfigureAwait(false));
            throw;
        }
    });

    private ZoneHostOptions MakeOptions(BtmmAccount[] accounts, IPEndPoint[] endpoints)
    {
        ZoneQuota quota = ZoneQuota.Default with { MaxRecords = MaxRecords, UpdatesPerMinute = UpdatesPerMinute };
        return new ZoneHostOptions
        {
            Service = new ZoneServiceOptions
            {
                Endpoints = endpoints,
                LongLivedQueryEndpoints = LongLivedQueryPort is { } port ? At(port) : [],
                TlsEndpoints = TlsPort is { } tls ? At(tls) : [],
                StunEndpoints = StunPort is { } stun ? At(stun) : [],
                Certificate = MakeCertificate(),
                Zones = [.. accounts.Select(ZoneOptions.ForAccount).Select(zone => zone with { IsPublic = Public, Quota = quota })],
                PublicAddresses = PublicAddress ?? [],
                ServerLabel = ServerLabel,
                RateLimit = RateLimit == 0 ? null : new RateLimit { AnswersPerSecond = RateLimit, AllPerSecond = RateLimit * KindsAtATime },
                DatagramServers = DatagramServerFactory.Instance,
            },
            Store = Store is null ? null : ResolveStore(Store),
            KeyFile = KeyFile is null ? null : ResolvePath(KeyFile),
            ControlPath = ControlPath is null ? null : ResolvePath(ControlPath),
        };
    }

    private ServerCertificate? MakeCertificate() => CertificatePath is null
        ? null
        : new ServerCertificate(
            ResolvePath(CertificatePath),
            CertificateKeyPath is null ? null : ResolvePath(CertificateKeyPath),
            CertificatePassword is null ? null : SecureText.Use(CertificatePassword, static text => new string(text)));

    private IPEndPoint[] At(int port) => [.. Address.Select(address => new IPEndPoint(address, port))];

    // A path means what it means in this session; an address stays as it is.
    private string ResolveStore(string text) =>
        text.StartsWith('@') ? $"@{ResolvePath(text[1..])}"
        : text.Contains("://", StringComparison.Ordinal) || text.Contains('=', StringComparison.Ordinal) ? text
        : ResolvePath(text);
}
