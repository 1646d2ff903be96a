namespace Btmm.Server;

/// <summary>How a <see cref="ZoneHost"/> runs a service. Immutable.</summary>
public sealed record ZoneHostOptions
{
    /// <summary>The service; its store and seal are set by the host.</summary>
    public required ZoneServiceOptions Service { get; init; }

    /// <summary>Where the records and the catalog are kept, as <see cref="Storage.StoreOpener"/> takes it; null for memory.</summary>
    public string? Store { get; init; }

    /// <summary>
    /// The file with the key that seals the catalog's secrets; beside an SQLite store, or beside the default control socket,
    /// unless given. Made at first use.
    /// </summary>
    public string? KeyFile { get; init; }

    /// <summary>The control socket; null for none.</summary>
    public string? ControlPath { get; init; }
}
