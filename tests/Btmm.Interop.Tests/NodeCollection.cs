namespace Btmm.Interop.Tests;

/// <summary>Tests that measure how long a stream stands still run by themselves: beside others they would measure the machine.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class NodeCollection
{
    /// <summary>The collection's name.</summary>
    public const string Name = "node";
}
