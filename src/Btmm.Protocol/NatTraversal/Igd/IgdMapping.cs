using System.Net;

namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>A mapping to be made (WANIPConnection's AddPortMapping). Immutable.</summary>
/// <param name="Transport">UDP or TCP.</param>
/// <param name="ExternalPort">The port on the gateway, 1..65535 (0 would mean every port).</param>
/// <param name="InternalClient">The host that it leads to.</param>
/// <param name="InternalPort">The port on that host, 1..65535.</param>
/// <param name="Description">What the gateway's own pages show; plain text.</param>
/// <param name="LeaseSeconds">The lease in seconds; 0 is "for ever" in IGD:1 and the maximum of a week in IGD:2.</param>
public sealed record IgdMapping(
    IgdTransport Transport, ushort ExternalPort, IPAddress InternalClient, ushort InternalPort, string Description, uint LeaseSeconds);
