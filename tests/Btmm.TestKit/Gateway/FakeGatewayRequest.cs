using System.Net;

namespace Btmm.TestKit;

/// <summary>One packet or HTTP request that a <see cref="FakeGateway"/> received.</summary>
/// <param name="Protocol">The protocol.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Operation">The operation's name: "Address", "Map", "Announce", "M-SEARCH", "GET", or the SOAP action's.</param>
/// <param name="Client">Who sent it.</param>
/// <param name="At">When it came.</param>
public sealed record FakeGatewayRequest(
    FakeGatewayProtocols Protocol, FakeGatewayRequestKind Kind, string Operation, IPEndPoint Client, DateTimeOffset At);
