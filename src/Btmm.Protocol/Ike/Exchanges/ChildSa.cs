using System.Net;
using Btmm.Protocol.Esp;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>A pair of ESP SAs as IKE sees it. Its keys are handed out with the event and not kept.</summary>
internal sealed class ChildSa
{
    private IkeSa? _owner;

    /// <summary>The IKE SA that keeps it now; goes over to another by a rekey of that.</summary>
    public required IkeSa Owner
    {
        get => _owner ?? throw new InvalidOperationException("a child SA has an owner from its start");
        set
        {
            _owner?.Forget(this);
            _owner = value;
            value.Adopt(this);
        }
    }

    public required IPAddress Peer { get; init; }

    public required uint InboundSpi { get; init; }

    public required uint OutboundSpi { get; init; }

    public required EspAlgorithm Algorithm { get; init; }

    /// <summary>Whether it has 64-bit sequence numbers.</summary>
    public required bool Extended { get; init; }

    /// <summary>The lower of the two nonces that made it, for collisions (RFC 7296 §2.8.1).</summary>
    public required byte[] LowestNonce { get; init; }

    /// <summary>Whether this side sends on it or has sent on it.</summary>
    public bool OutboundActive { get; set; }

    public TimeSpan RekeyAt { get; set; }

    public TimeSpan ExpireAt { get; set; }

    /// <summary>The pair that the peer made to replace this one.</summary>
    public ChildSa? PeerReplacement { get; set; }

    /// <summary>Whether another pair has taken over, made by either side.</summary>
    public bool IsReplaced { get; set; }

    /// <summary>When this side deletes it though the peer should; only for replaced and redundant ones.</summary>
    public TimeSpan? DeleteAt { get; set; }

    /// <summary>Whether a Delete of this side is queued or under way.</summary>
    public bool IsDeleting { get; set; }

    /// <summary>Whether both sides have agreed that it is over.</summary>
    public bool IsGone { get; set; }
}
