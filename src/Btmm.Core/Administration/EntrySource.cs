namespace Btmm.Core.Administration;

/// <summary>Where a zone service has a zone or a key from.</summary>
public enum EntrySource
{
    /// <summary>From an account that it was started with; changed by starting it with another one.</summary>
    Account,

    /// <summary>From its catalog, which is changed while it runs and kept in its store.</summary>
    Catalog,
}
