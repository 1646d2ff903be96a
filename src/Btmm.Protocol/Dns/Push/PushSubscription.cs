namespace Btmm.Protocol.Dns.Push;

/// <summary>A subscription of a <see cref="PushClientSession"/>.</summary>
internal sealed class PushSubscription(DnsQuestion question, ushort id)
{
    internal DnsQuestion Question { get; } = question;

    /// <summary>The message id of its SUBSCRIBE request.</summary>
    internal ushort Id { get; } = id;

    internal bool IsAccepted { get; set; }

    /// <summary>When all that there was at the start counts as told; null before that is known, and after that.</summary>
    internal TimeSpan? CompleteAt { get; set; }

    internal List<DnsRecord> Records { get; } = [];

    /// <summary>RFC 8765 §6.3.1: a CNAME record matches any type.</summary>
    internal bool Matches(DnsRecord record) =>
        (Question.Type is DnsType.ANY || record.Type is DnsType.CNAME || record.Type == Question.Type)
        && (Question.Class is DnsClass.ANY || record.Class == Question.Class)
        && record.Name == Question.Name;
}
