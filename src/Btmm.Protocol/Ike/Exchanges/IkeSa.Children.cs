using Btmm.Protocol.Esp;
using Btmm.Protocol.Ike.Events;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Child SAs: making, replacing, deleting (RFC 7296 §2.8, §2.17).</summary>
internal sealed partial class IkeSa
{
    /// <summary>The most child SAs of one IKE SA, those being replaced included.</summary>
    public const int MaxChildren = 8;

    /// <summary>How long the peer has to delete what it should delete after a rekey, before this side does.</summary>
    private static readonly TimeSpan s_peerDeletes = TimeSpan.FromSeconds(20);

    private readonly List<ChildSa> _children = [];

    /// <summary>For <see cref="ChildSa.Owner"/> only.</summary>
    public void Adopt(ChildSa child) => _children.Add(child);

    /// <summary>For <see cref="ChildSa.Owner"/>, and when the pair is finally over.</summary>
    public void Forget(ChildSa child) => _children.Remove(child);

    /// <summary>The pair in use: not replaced, not being deleted; the one that sends before others.</summary>
    public ChildSa? CurrentChild =>
        Children.Where(c => !c.IsReplaced && !c.IsDeleting).OrderByDescending(c => c.OutboundActive).FirstOrDefault();

    /// <summary>Derives keys and reports a new pair.</summary>
    /// <param name="agreed">What the exchange decided.</param>
    /// <param name="replaces">The pair that it replaces, if any.</param>
    /// <param name="activate">Whether to send on it at once.</param>
    public ChildSa InstallChild(ChildAgreement agreed, ChildSa? replaces, bool activate)
    {
        if (Keys is null || PeerIdentifier is null) throw new InvalidOperationException("a child SA needs an authenticated IKE SA");
        EspNegotiation.Choice choice = agreed.Choice;
        int size = EspSaParameters.GetKeyingMaterialLength(choice.Algorithm);
        (byte[] fromInitiator, byte[] fromResponder) = Keys.DeriveChild(agreed.Secret, agreed.InitiatorNonce, agreed.ResponderNonce, size);
        var child = new ChildSa
        {
            Owner = this,
            Peer = PeerIdentifier,
            InboundSpi = agreed.InboundSpi,
            OutboundSpi = choice.Spi,
            Algorithm = choice.Algorithm,
            Extended = choice.Extended,
            LowestNonce = IkeNonces.Lowest(agreed.InitiatorNonce, agreed.ResponderNonce),
            OutboundActive = activate,
            RekeyAt = Hub.Now + Hub.Jittered(Hub.Options.ChildLifetime),
            ExpireAt = Hub.Now + Hub.Options.ChildLifetime * 1.25,
        };
        Hub.Add(child);
        EspSaParameters Half(uint spi, byte[] key) =>
            new() { Spi = spi, Algorithm = choice.Algorithm, KeyingMaterial = key, ExtendedSequenceNumbers = choice.Extended };
        Hub.Raise(new ChildSaEstablished(
            PeerIdentifier,
            Hub.Options.LocalIdentifier,
            Half(child.InboundSpi, agreed.StartedHere ? fromResponder : fromInitiator),
            Half(child.OutboundSpi, agreed.StartedHere ? fromInitiator : fromResponder),
            Remote,
            activate,
            replaces?.InboundSpi));
        return child;
    }

    /// <summary>Sends on this pair from now on.</summary>
    public void Activate(ChildSa child)
    {
        if (child.IsGone) return;
        foreach (ChildSa other in Children) other.OutboundActive = other == child;
        Hub.Raise(new ChildSaActivated(child.Peer, child.InboundSpi));
    }

    /// <summary>An authentic ESP packet came on this pair: the peer has it.</summary>
    public void HeardOn(ChildSa child)
    {
        Hear();
        if (!child.OutboundActive && !child.IsReplaced && !child.IsDeleting && !child.IsGone) Activate(child);
    }

    /// <summary>The peer made a pair to replace <paramref name="old"/>.</summary>
    public void ReplacedByPeer(ChildSa old, ChildSa made)
    {
        old.PeerReplacement = made;
        if (ActiveTask is ChildTask { Old: { } mine } && mine == old) return; // both at once: settled when our answer comes
        _queue.RemoveAll(t => t is ChildTask task && task.Old == old);
        MarkReplaced(old);
    }

    /// <summary>Another pair has taken over; the peer should delete this one, and if it does not, this side will.</summary>
    public void MarkReplaced(ChildSa old)
    {
        old.IsReplaced = true;
        old.DeleteAt = Hub.Now + s_peerDeletes;
    }

    /// <summary>Deletes a pair at the peer's and here.</summary>
    public void DeleteChild(ChildSa child)
    {
        if (child.IsGone || child.IsDeleting) return;
        child.IsDeleting = true;
        child.DeleteAt = null;
        Enqueue(new DeleteChildTask(child));
    }

    /// <summary>Both sides agree that this pair is over. A replaced one still receives for a while.</summary>
    public void ChildIsGone(ChildSa child)
    {
        if (child.IsGone) return;
        bool graceful = child.IsReplaced || child.PeerReplacement is not null;
        child.IsGone = true;
        child.DeleteAt = null;
        bool wasActive = child.OutboundActive;
        child.OutboundActive = false;
        if (CurrentChild is { OutboundActive: false } next && (wasActive || graceful)) Activate(next);
        Hub.Retire(child, graceful ? Hub.Options.ReplacedChildGrace : TimeSpan.Zero);
    }

    /// <summary>
    /// Starts a rekey of a pair unless one is queued, or the pair is on its way out, or so new that the peer may not have it yet.
    /// </summary>
    public void RekeyChild(ChildSa child)
    {
        if (!child.OutboundActive) return;
        if (child.IsReplaced || child.IsDeleting || child.IsGone || child.PeerReplacement is not null) return;
        if (Tasks.Any(t => t is ChildTask task && task.Old == child)) return;
        Enqueue(new ChildTask(child));
    }
}
