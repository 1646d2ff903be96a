using System.Management.Automation;
using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.Node;
using Btmm.Core.SignOn;
using Btmm.Platform.Linux;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Jobs;

namespace Btmm.PowerShell.Commands;

/// <summary>Start-BtmmTunnel: runs a node as a job.</summary>
[Cmdlet(VerbsLifecycle.Start, "BtmmTunnel", SupportsShouldProcess = true)]
[OutputType(typeof(BtmmTunnelJob))]
public sealed class StartBtmmTunnelCommand : BtmmCmdlet
{
    private const string DefaultAccountPath = "/etc/btmm/account";
    private const string DefaultStateRoot = "/var/lib/btmm";
    private const int LongestLabel = 63;

    // A stopped job gives the prompt back within three seconds, so the node's good-byes get less.
    private static readonly TimeSpan s_stopTimeout = TimeSpan.FromSeconds(2.5);

    /// <summary>The account; /etc/btmm/account unless given.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public BtmmAccount? Account { get; set; }

    /// <summary>This host's name in the account; the computer's name unless given.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string HostName { get; set; } = Environment.MachineName;

    /// <summary>The job's name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>The zone's servers, when they are not the account's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public HostPort[]? Server { get; set; }

    /// <summary>The UDP port; that of the last run, or a random one, unless given.</summary>
    [Parameter]
    [ValidateRange(1, 65535)]
    public int Port { get; set; }

    /// <summary>The protocols by which the port may be opened on the gateway.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValidateSet("Auto", "Pcp", "NatPmp", "Igd")]
    public string[] Method { get; set; } = ["Auto"];

    /// <summary>Where others reach this host by a forwarding made by hand, or as a router's exposed host.</summary>
    [Parameter]
    [ValidateNotNull]
    public StatedEndpoint? Endpoint { get; set; }

    /// <summary>STUN servers to ask beside those of the zone, which need not answer STUN.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public HostPort[] StunServer { get; set; } = [];

    /// <summary>The lease of this host's records.</summary>
    [Parameter]
    [Duration]
    public TimeSpan LeaseTime { get; set; } = RecordLease.Default;

    /// <summary>Where the node keeps its state.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StateDirectory { get; set; }

    /// <summary>The hosts file; /etc/hosts unless given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? HostsPath { get; set; }

    /// <summary>Leaves the hosts file alone.</summary>
    [Parameter]
    public SwitchParameter NoHosts { get; set; }

    /// <summary>Makes a tunnel only when the first packet goes to the peer.</summary>
    [Parameter]
    public SwitchParameter OnDemand { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(Account, () =>
    {
        BtmmAccount account = WithServers(Account ?? LoadDefault());
        BtmmNodeOptions options = MakeOptions(account);
        if (!ShouldProcess($"{options.HostLabel}.{account.Domain}", "make this host reachable and bring up tunnels")) return;
        if (!OperatingSystem.IsLinux())
            throw new BtmmException(BtmmErrorReason.NotImplemented, "Tunnels work on Linux only, so far.", "Run this on a Linux host.");
        var node = new BtmmNode(options, LinuxNodePlatform.Create(HostsPath is null ? null : ResolvePath(HostsPath)));
        AwaitStart(node, node.StartAsync);
        Launch(new BtmmTunnelJob(MyInvocation.MyCommand.Name, Name, account, node));
    });

    private BtmmNodeOptions MakeOptions(BtmmAccount account) => new()
    {
        Account = account,
        HostLabel = MakeLabel(HostName),
        StateDirectory = StateDirectory is null ? Path.Combine(DefaultStateRoot, account.Domain.ToLower().ToString()) : ResolvePath(StateDirectory),
        Port = Port == 0 ? null : Port,
        MappingMethods = PortRequest.MethodsOf(Method),
        StatedEndpoint = Endpoint,
        StunServers = [.. StunServer.Select(server => new DnsEndPoint(server.Host, server.Port ?? ExaminedServers.StunPort))],
        Lease = CheckedLease(),
        WriteHosts = !NoHosts,
        ConnectAtOnce = !OnDemand,
        StopTimeout = s_stopTimeout,
    };

    private TimeSpan CheckedLease() => LeaseTime >= BtmmNodeOptions.ShortestLease && LeaseTime <= BtmmNodeOptions.LongestLease
        ? LeaseTime
        : throw new BtmmException(BtmmErrorReason.InvalidValue, "The lease must be from 30 minutes to 2 hours.", "Give -LeaseTime such as 1:30:00.");

    private BtmmAccount LoadDefault()
    {
        WriteVerbose($"The account is that of {DefaultAccountPath}.");
        return Await(token => AccountFile.LoadAsync(DefaultAccountPath, token));
    }

    private BtmmAccount WithServers(BtmmAccount account) =>
        Server is null ? account : account.WithServers([.. Server.Select(s => s.ToZoneServer())]);

    // The computer's name may have a domain after it.
    private static string MakeLabel(string name)
    {
        string label = name.Split('.', 2)[0].ToLowerInvariant();
        bool isLabel = label.Length is > 0 and <= LongestLabel && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') && label[0] != '-' && label[^1] != '-';
        return isLabel
            ? label
            : throw new BtmmException(BtmmErrorReason.InvalidValue, $"'{label}' cannot be a host's name.", "Give -HostName with letters, digits and inner hyphens.");
    }
}
