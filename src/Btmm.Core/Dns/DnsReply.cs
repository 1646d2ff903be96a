using System.Net;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Dns;

/// <summary>The answer to a request. Immutable.</summary>
/// <param name="Message">The message, verified when a key was given.</param>
/// <param name="Server">Who answered.</param>
/// <param name="IsSigned">Whether the answer's signature was verified.</param>
public sealed record DnsReply(DnsMessage Message, IPEndPoint Server, bool IsSigned);
