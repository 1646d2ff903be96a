namespace Btmm.Core.Administration;

/// <summary>What is asked for over a control socket; the names are those of <see cref="IZoneAdministration"/>.</summary>
public enum ControlOperation
{
    /// <summary>No operation; refused.</summary>
    None,

    /// <summary>The service at this moment.</summary>
    GetServer,

    /// <summary>All zones.</summary>
    GetZones,

    /// <summary>Adds or changes a zone.</summary>
    PutZone,

    /// <summary>Removes a zone.</summary>
    RemoveZone,

    /// <summary>All keys.</summary>
    GetKeys,

    /// <summary>Adds or changes a key.</summary>
    PutKey,

    /// <summary>Removes a key.</summary>
    RemoveKey,

    /// <summary>A zone as a zone file.</summary>
    ExportZone,

    /// <summary>A zone file in place of a zone's records.</summary>
    ImportZone,
}
