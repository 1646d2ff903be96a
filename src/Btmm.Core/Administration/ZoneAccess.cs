namespace Btmm.Core.Administration;

/// <summary>What a key is good for.</summary>
[Flags]
public enum ZoneAccess
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Queries and subscriptions.</summary>
    Read = 1,

    /// <summary>Updates.</summary>
    Change = 2,

    /// <summary>Zone transfers (of the whole zone, whatever the scope).</summary>
    Transfer = 4,
}
