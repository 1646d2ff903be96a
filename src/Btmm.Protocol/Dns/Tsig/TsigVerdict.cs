namespace Btmm.Protocol.Dns.Tsig;

/// <summary>What a client makes of a response's signature.</summary>
/// <param name="Status">The outcome; only <see cref="TsigStatus.Valid"/> makes the response acceptable.</param>
/// <param name="ServerError">With <see cref="TsigStatus.RejectedByServer"/>: the server's TSIG error.</param>
/// <param name="IsAuthentic">Whether the MAC verified; a rejection without MAC may be forged.</param>
/// <param name="ServerTime">With BADTIME: the server's clock, if it told. For the log; never to set a clock by (RFC 8945 §5.4.3).</param>
public readonly record struct TsigVerdict(TsigStatus Status, TsigError ServerError, bool IsAuthentic, DateTimeOffset? ServerTime);
