using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>An answer to a search that may be followed.</summary>
/// <param name="Location">Where the description is, on the gateway itself.</param>
/// <param name="BootId">The number of the gateway's start, where it tells.</param>
internal sealed record IgdFound(IgdUrl Location, uint? BootId);
