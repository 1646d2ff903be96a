namespace Btmm.Protocol.Dns;

/// <summary>Where a question lies in the message that a <see cref="DnsMessageReader"/> reads.</summary>
/// <param name="Offset">The first byte of the name.</param>
/// <param name="Type">The type.</param>
/// <param name="Class">The class.</param>
/// <param name="End">The offset of what follows.</param>
public readonly record struct DnsQuestionView(int Offset, DnsType Type, DnsClass Class, int End);
