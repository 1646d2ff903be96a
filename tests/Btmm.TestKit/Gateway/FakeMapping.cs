using System.Net;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.TestKit;

/// <summary>A mapping of a <see cref="FakeGateway"/>.</summary>
/// <param name="Opcode">UDP or TCP.</param>
/// <param name="Client">The host that it leads to.</param>
/// <param name="InternalPort">The port on that host.</param>
/// <param name="ExternalPort">The port on the gateway.</param>
/// <param name="ExpiresAt">When it ends.</param>
public sealed record FakeMapping(NatPmpOpcode Opcode, IPAddress Client, int InternalPort, int ExternalPort, DateTimeOffset ExpiresAt);
