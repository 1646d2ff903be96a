using System.Net;

namespace Btmm.Protocol.NatTraversal.Stun;

/// <summary>
/// One STUN transaction over UDP, without input, output or clock: retransmission (RFC 8489 §6.2.1), the answer's source and
/// transaction id (§6.3.1). Not thread-safe.
/// </summary>
/// <remarks>
/// The wait doubles from the first to the last try; what follows the last is as long as all before and one first interval more.
/// A datagram of another protocol from the server ends the transaction at its next timer, so that a forged one cannot get ahead
/// of the answer by much, and nobody asks a DNS server again that does not know STUN.
/// </remarks>
public sealed class StunExchange
{
    private readonly StunQuery _query;
    private readonly byte[] _id;
    private readonly Retransmission _sending;
    private bool _foreign;

    /// <summary>Starts a transaction; its first request is due.</summary>
    /// <param name="now">The time.</param>
    /// <param name="query">What to ask.</param>
    /// <param name="transactionId">12 bytes that nobody can foresee.</param>
    public StunExchange(TimeSpan now, StunQuery query, ReadOnlySpan<byte> transactionId)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfNotEqual(transactionId.Length, StunHeader.TransactionIdSize);
        _query = query;
        _id = transactionId.ToArray();
        _sending = new Retransmission(now, query.Tries, Retransmission.Doubling(query.FirstInterval));
    }

    /// <summary>Where to send the output.</summary>
    public IPEndPoint Server => _query.Server;

    /// <summary>When <see cref="HandleTimeout"/> must be called; null when the transaction has ended.</summary>
    public TimeSpan? NextTimeout => Outcome is null ? _sending.NextTimeout : null;

    /// <summary>How it ended; null while it has not.</summary>
    public StunOutcome? Outcome { get; private set; }

    /// <summary>Writes the request if it is due to be sent.</summary>
    /// <param name="destination">Where to; 64 bytes are enough.</param>
    /// <param name="written">The request's length.</param>
    public bool TryTakeOutput(Span<byte> destination, out int written)
    {
        written = 0;
        if (Outcome is not null || !_sending.IsDue) return false;
        written = StunResponse.WriteRequest(destination, _id, _query.Change);
        if (written == 0) return false;
        _sending.MarkSent();
        return true;
    }

    /// <summary>A datagram arrived. Ignored unless it is from where the answer must come.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">The sender.</param>
    /// <param name="message">The datagram.</param>
    public void HandleDatagram(TimeSpan now, IPEndPoint from, ReadOnlySpan<byte> message)
    {
        ArgumentNullException.ThrowIfNull(from);
        if (Outcome is not null || !from.Equals(_query.AnswerFrom)) return;
        if (StunResponse.TryParse(message, _id, out StunResponse? response))
            End(now, response.Error == 0 ? StunOutcomeKind.Answered : StunOutcomeKind.Refused, response);
        else
            _foreign |= !StunHeader.IsStun(message);
    }

    /// <summary>The network refused the request, or said that nobody takes it.</summary>
    /// <param name="now">The time.</param>
    public void HandleUnreachable(TimeSpan now)
    {
        if (Outcome is null) End(now, StunOutcomeKind.Unreachable, null);
    }

    /// <summary>Time has passed.</summary>
    /// <param name="now">The time.</param>
    public void HandleTimeout(TimeSpan now)
    {
        if (Outcome is not null || !_sending.IsOverdue(now)) return;
        if (_foreign) End(now, StunOutcomeKind.NotStun, null);
        else if (!_sending.TryAgain(now)) End(now, StunOutcomeKind.NoAnswer, null);
    }

    private void End(TimeSpan now, StunOutcomeKind kind, StunResponse? response) =>
        Outcome = new StunOutcome(kind, response, _sending.Tries, _sending.Elapsed(now));
}
