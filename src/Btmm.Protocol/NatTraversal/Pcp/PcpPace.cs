namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>
/// When a request is sent again (RFC 6887 §8.1.1), for one exchange. Not thread-safe.
/// </summary>
/// <remarks>
/// <para>The RFC begins with 3 s, which suits a server that is far away, and asks for it with "SHOULD". Ours is the next hop: it answers
/// within milliseconds or the datagram is lost, and people wait. So the waits begin as NAT-PMP's do (RFC 6886 §3.1), 0.25 s and
/// doubling, until they have grown to the RFC's 3 s; from there on they are the RFC's. Each varies by a tenth.</para>
/// <para>Sends at 0, 0.25, 0.75, 1.75, 3.75, 6.75, 12.75, 24.75, 48.75, 96.75 s ...; later ones every 1024 s.</para>
/// </remarks>
/// <param name="random">For the variation.</param>
public sealed class PcpPace(IRandomSource random)
{
    private TimeSpan _brisk = PcpConstants.BriskRetransmission;
    private TimeSpan _last;

    /// <summary>How long to wait for an answer to the try that is being sent.</summary>
    public TimeSpan Next()
    {
        if (_brisk < PcpConstants.InitialRetransmission)
        {
            TimeSpan wait = Vary(_brisk);
            _brisk *= 2;
            return wait;
        }

        TimeSpan doubled = _last * 2;
        TimeSpan basis = _last == TimeSpan.Zero ? PcpConstants.InitialRetransmission
            : doubled < PcpConstants.MaxRetransmission ? doubled : PcpConstants.MaxRetransmission;
        return _last = Vary(basis);
    }

    private TimeSpan Vary(TimeSpan wait) => wait * (1 + (PcpConstants.RetransmissionSpread * ((2 * random.NextShare()) - 1)));
}
