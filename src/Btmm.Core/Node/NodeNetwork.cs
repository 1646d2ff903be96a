namespace Btmm.Core.Node;

/// <summary>Shim.</summary>
internal static class NodeNetwork
{
    internal static NodeConnections Connect(BtmmNodeOptions options, NodePlatform platform) => throw new NotImplementedException();
}
