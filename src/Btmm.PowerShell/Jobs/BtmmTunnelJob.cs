using System.Globalization;
using Btmm.Core.Node;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Jobs;

/// <summary>
/// A node that keeps this host reachable and its tunnels up until the job is stopped. Its output is the record of its state
/// changes. Stopping it withdraws records, mapping and tunnels and undoes every change of the system.
/// </summary>
public sealed class BtmmTunnelJob : BtmmJob
{
    private readonly BtmmNode _node;

    internal BtmmTunnelJob(string command, string? name, BtmmAccount account, BtmmNode node)
        : base(command, name, "BtmmTunnel", account)
    {
        _node = node;
    }

    /// <summary>This host's full name.</summary>
    public override string Location => _node.GetStatus().Name;

    /// <summary>Where this host can be reached and how many tunnels are up.</summary>
    public override string StatusMessage => IsFinished ? Status : Describe(_node.GetStatus());

    /// <summary>The node at this moment.</summary>
    public NodeStatus GetNodeStatus() => _node.GetStatus();

    /// <summary>Whether others can reach this host, and what stands in the way; null until the node has looked.</summary>
    public BtmmGatewayVerdict? GatewayVerdict => IsFinished || _node.GetStatus().Gateway is not { } verdict ? null : new BtmmGatewayVerdict(verdict);

    /// <summary>The peers and the tunnels to them.</summary>
    public IReadOnlyList<BtmmTunnel> GetTunnels()
    {
        if (IsFinished) return [];
        NodeStatus status = _node.GetStatus();
        BtmmGatewayVerdict? verdict = status.Gateway is null ? null : new BtmmGatewayVerdict(status.Gateway);
        return [.. status.Peers.Select(p => new BtmmTunnel(p, this, verdict))];
    }

    internal void CloseTunnel(string peer) => _node.Disconnect(peer);

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        Task stop = Task.CompletedTask;
        CancellationTokenRegistration registration = stopping.Register(() => stop = Task.Run(_node.StopAsync, CancellationToken.None));
        await using (registration.ConfigureAwait(false))
        await using (_node.ConfigureAwait(false))
        {
            // The node's own end completes the stream, so that its last words are kept too.
            await foreach (NodeEvent happened in _node.Events.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                Publish(Describe(happened));
            await stop.ConfigureAwait(false);
        }
    }

    private static BtmmStateChange Describe(NodeEvent happened) => new()
    {
        Time = happened.At,
        Subject = happened.Peer?.Split('.', 2)[0] ?? "Node",
        State = happened.Kind.ToString(),
        Detail = happened.Message,
        Reason = happened.Reason,
        Remedy = happened.Remedy,
    };

    private static string Describe(NodeStatus status)
    {
        int up = status.Peers.Count(p => p.IsHealthy);
        string why = status.Gateway is null ? string.Empty : $" ({status.Gateway.Kind})";
        string endpoint = status.Endpoint?.Endpoint?.ToString() ?? $"not reachable from outside{why}";
        return string.Create(CultureInfo.InvariantCulture, $"{endpoint}; {up} of {status.Peers.Count} tunnels up");
    }
}
