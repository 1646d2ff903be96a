namespace Btmm.Server.Tests;

/// <summary>Tests that look at the process's memory: they run one at a time, when no other test runs.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    internal const string Name = "alone";
}
