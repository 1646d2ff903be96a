namespace Btmm.Server.Storage;

/// <summary>What has happened to a shared store.</summary>
public enum StoreNoticeKind
{
    /// <summary>Another service has changed a zone.</summary>
    Zone,

    /// <summary>Another service has changed the catalog's zones or keys.</summary>
    Catalog,

    /// <summary>The store cannot be reached; changes are refused and notices do not come until <see cref="Back"/>.</summary>
    Lost,

    /// <summary>The store can be reached: any zone, and the catalog, may have changed meanwhile.</summary>
    Back,
}
