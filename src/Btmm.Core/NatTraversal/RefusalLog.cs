using System.Net;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// Tells what is refused of one gateway, to the runtime's event tracing and to whoever observes: each kind once, however often it
/// comes and however the sender varies it. Thread-safe.
/// </summary>
/// <param name="gateway">The gateway.</param>
/// <param name="observer">Told as well; null for nobody.</param>
internal sealed class RefusalLog(IPAddress gateway, Action<RefusedAnswer>? observer)
{
    /// <summary>How much of what a sender may have written is repeated, in characters.</summary>
    private const int MaxQuoted = 240;

    private int _told;

    /// <summary>Another address sent a datagram where only the gateway should.</summary>
    internal void Stranger(IPEndPoint sender)
    {
        if (!IsFirst(RefusedAnswerKind.Stranger)) return;
        PortMappingLog.Instance.StrangerIgnored(gateway.ToString(), sender.ToString());
        Tell(RefusedAnswerKind.Stranger, $"{sender} sent an answer in place of the gateway {gateway}; it and more of them are ignored.");
    }

    /// <summary>An answer has a nonce that nobody here asked with.</summary>
    internal void ForeignNonce()
    {
        if (!IsFirst(RefusedAnswerKind.WrongNonce)) return;
        PortMappingLog.Instance.ForeignNonceIgnored(gateway.ToString());
        Tell(
            RefusedAnswerKind.WrongNonce,
            $"In the name of the gateway {gateway} somebody sent a PCP answer that was not asked for; it and more of them are ignored.");
    }

    /// <summary>Something of UPnP is wrong.</summary>
    /// <param name="kind">In what way.</param>
    /// <param name="what">Who, "it" for the gateway, and what, as a sentence without its end.</param>
    internal void Upnp(RefusedAnswerKind kind, string what)
    {
        if (!IsFirst(kind)) return;
        string shown = what.Length <= MaxQuoted ? what : what[..MaxQuoted] + "...";
        PortMappingLog.Instance.UpnpRefused(gateway.ToString(), shown);
        Tell(kind, $"Of UPnP of the gateway {gateway} something is refused: {shown}.");
    }

    private bool IsFirst(RefusedAnswerKind kind)
    {
        int bit = 1 << (int)kind;
        return (Interlocked.Or(ref _told, bit) & bit) == 0;
    }

    private void Tell(RefusedAnswerKind kind, string message) => observer?.Invoke(new RefusedAnswer(gateway, kind, message));
}
