using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage;

/// <summary>An update message that was answered: whoever gets it again answers the same and applies nothing. Immutable.</summary>
/// <param name="Mac">The MAC of its signature.</param>
/// <param name="Rcode">The answer.</param>
public sealed record SignedUpdate(ReadOnlyMemory<byte> Mac, DnsRcode Rcode);
