namespace Btmm.Protocol.Dns;

/// <summary>A question, or the zone of an UPDATE. Immutable.</summary>
/// <param name="Name">The name asked for.</param>
/// <param name="Type">The type asked for.</param>
/// <param name="Class">The class asked for.</param>
public sealed record DnsQuestion(DnsName Name, DnsType Type, DnsClass Class = DnsClass.IN)
{
    /// <summary>The question in text form.</summary>
    public override string ToString() => $"{Name} {Class} {Type}";
}
