using System.Net;

namespace Btmm.Platform.Linux;

/// <summary>A next hop of a route.</summary>
/// <param name="Gateway">The next hop's address, without a scope id.</param>
/// <param name="InterfaceIndex">The interface that leads to it; 0 when not given.</param>
internal readonly record struct RouteHop(IPAddress Gateway, int InterfaceIndex);
