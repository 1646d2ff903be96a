using Btmm.Core.Contracts;

namespace Btmm.Core.Node;

/// <summary>The way to the internet.</summary>
/// <param name="Route">The default route, null when there is none.</param>
/// <param name="Resumed">Whether the machine just woke up: everything learnt from the network is stale.</param>
public sealed record NetworkState(GatewayRoute? Route, bool Resumed);
