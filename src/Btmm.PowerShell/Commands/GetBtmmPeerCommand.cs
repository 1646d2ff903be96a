using System.Management.Automation;
using Btmm.Core.Diagnostics;
using Btmm.Core.Peers;
using Btmm.PowerShell.Infrastructure;
using BtmmPeer = Btmm.PowerShell.Output.BtmmPeer;

namespace Btmm.PowerShell.Commands;

/// <summary>Get-BtmmPeer: shows the hosts of the account.</summary>
[Cmdlet(VerbsCommon.Get, "BtmmPeer")]
[OutputType(typeof(BtmmPeer))]
public sealed class GetBtmmPeerCommand : ZoneCmdlet
{
    /// <summary>Names of hosts, with wildcards.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PeerNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(Name.Length == 0 ? Zone : string.Join(", ", Name), () =>
    {
        using ZoneAccess zone = GetAccess();
        IReadOnlyList<PeerRecord> hosts = AwaitAnswer(zone.GetHostsAsync);
        BtmmPeer[] peers = [.. hosts.Select(h => new BtmmPeer(h))];
        ForNamed(Name, peers, static peer => [peer.Name, peer.FullName], WriteObject, name => new BtmmException(
            BtmmErrorReason.PeerNotFound, $"{zone.Domain} has no host {name}.", "Check the name; Get-BtmmPeer without a name shows all hosts."));
    });
}
