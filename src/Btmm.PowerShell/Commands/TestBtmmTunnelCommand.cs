using System.Management.Automation;
using Btmm.Core.Node;
using Btmm.Core.Peers;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Jobs;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>Test-BtmmTunnel: checks each stage of the way to the account's hosts.</summary>
[Cmdlet(VerbsDiagnostic.Test, "BtmmTunnel")]
[OutputType(typeof(BtmmCheck), typeof(bool))]
public sealed class TestBtmmTunnelCommand : ZoneCmdlet
{
    private const string NoNode = "No node of this account runs in this session.";

    /// <summary>Names of peers, with wildcards; all unless given.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PeerNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Emits true or false alone.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(Account?.Domain, () =>
    {
        using ZoneAccess zone = GetAccess();
        BtmmTunnelJob? job = Session.Jobs.OfType<BtmmTunnelJob>().LastOrDefault(j => !j.IsFinished && j.Account?.Domain == zone.Domain);
        var checks = new CheckList(check =>
        {
            if (!Quiet) WriteObject(check);
        });
        checks.Run("Rights", TunnelChecks.Rights);
        checks.Run("Gateway", () => Await(token => TunnelChecks.GatewayAsync(GatewayTime, token), "Waiting for the gateway"));
        bool hasZone = checks.Run("ZoneService", () => AwaitAnswer(token => TunnelChecks.ZoneServiceAsync(zone, token)));
        CheckNode(checks, job?.GetNodeStatus());
        bool found = CheckPeers(checks, zone, hasZone);
        CheckTunnels(checks, job, found);
        if (Quiet) WriteObject(checks.IsGood);
    });

    // A gateway that is silent for longer speaks no NAT-PMP.
    private TimeSpan GatewayTime => Timeout < TimeSpan.FromSeconds(4) ? Timeout : TimeSpan.FromSeconds(4);

    private static void CheckNode(CheckList checks, NodeStatus? node)
    {
        if (node is null)
        {
            checks.Skip("Mapping", NoNode);
            checks.Skip("Records", NoNode);
            return;
        }
        checks.Run("Mapping", () => TunnelChecks.Mapping(node));
        checks.Run("Records", () => TunnelChecks.Records(node));
    }

    private bool CheckPeers(CheckList checks, ZoneAccess zone, bool hasZone)
    {
        if (!hasZone)
        {
            checks.Skip("Peers", "The zone service does not answer.");
            return true; // the node may know its peers from before
        }
        IReadOnlyList<PeerRecord> hosts = [];
        checks.Run("Peers", () => TunnelChecks.Peers(hosts = AwaitAnswer(zone.GetHostsAsync)));
        return hosts.Count > 0;
    }

    private void CheckTunnels(CheckList checks, BtmmTunnelJob? job, bool found)
    {
        if (job is null || !found)
        {
            checks.Skip("Tunnels", job is null ? NoNode : "There are no peers.");
            return;
        }
        var filter = new NameFilter(Name);
        IReadOnlyList<BtmmTunnel> tunnels = job.GetTunnels();
        foreach (BtmmTunnel tunnel in tunnels.Where(t => filter.Matches(t.Peer, t.FullName)))
        {
            bool stands = checks.Run($"Tunnel {tunnel.Peer}", () => TunnelChecks.Tunnel(tunnel));
            if (stands) checks.Run($"Echo {tunnel.Peer}", () => Await(token => TunnelChecks.EchoAsync(tunnel.Address, GatewayTime, token), "Waiting for the echo"));
            else checks.Skip($"Echo {tunnel.Peer}", "The tunnel does not stand.");
        }
        foreach (string name in filter.Missing(tunnels.SelectMany(t => new[] { t.Peer, t.FullName })))
            checks.Run($"Tunnel {name}", () => CheckOutcome.Failed($"The node knows no peer {name}.", "Check the name; the peer's node must have published its records."));
    }
}
