using Btmm.Core.NatTraversal;

namespace Btmm.Core.Node;

/// <summary>
/// Tells in a node's events what was refused of the gateway, each kind once on a network: the keeper, the examinations and the
/// release of former mappings may all meet with the same. Thread-safe.
/// </summary>
internal sealed class GatewayRefusals(NodeEventLog log)
{
    private int _told;

    /// <summary>Something was refused.</summary>
    internal void Tell(RefusedAnswer refused)
    {
        int bit = 1 << (int)refused.Kind;
        if ((Interlocked.Or(ref _told, bit) & bit) != 0) return;
        log.Add(NodeEventKind.GatewayAnswerRefused, refused.Message, e => e with { Remedy = refused.Remedy });
    }

    /// <summary>On another network the same is news.</summary>
    internal void NetworkChanged() => Interlocked.Exchange(ref _told, 0);
}
