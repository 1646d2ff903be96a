using System.Management.Automation;
using Btmm.Core.Diagnostics;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Jobs;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>Get-BtmmTunnel: shows the tunnels of this session's nodes.</summary>
[Cmdlet(VerbsCommon.Get, "BtmmTunnel")]
[OutputType(typeof(BtmmTunnel))]
public sealed class GetBtmmTunnelCommand : BtmmCmdlet
{
    /// <summary>Names of peers, with wildcards.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PeerNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Only tunnels of these jobs.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public BtmmTunnelJob[]? Job { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        BtmmTunnel[] tunnels = [.. (Job ?? Session.Jobs.OfType<BtmmTunnelJob>()).SelectMany(j => j.GetTunnels())];
        ForNamed(Name, tunnels, static tunnel => [tunnel.Peer, tunnel.FullName], WriteObject, static name => new BtmmException(
            BtmmErrorReason.PeerNotFound,
            $"No node of this session knows a peer {name}.",
            "Get-BtmmPeer shows the account's hosts; Start-BtmmTunnel starts a node."));
    }
}
