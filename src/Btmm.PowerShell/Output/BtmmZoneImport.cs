using Btmm.Core.Administration;

namespace Btmm.PowerShell.Output;

/// <summary>What an import of a zone file did.</summary>
public sealed class BtmmZoneImport
{
    internal BtmmZoneImport(ZoneImport import, string path)
    {
        Import = import;
        Path = path;
    }

    /// <summary>The zone's name.</summary>
    public string Name => Import.Apex.ToString();

    /// <summary>Records that are new.</summary>
    public int Added => Import.Added;

    /// <summary>Records that are gone.</summary>
    public int Removed => Import.Removed;

    /// <summary>The SOA's serial now.</summary>
    public uint Serial => Import.Serial;

    /// <summary>The file.</summary>
    public string Path { get; }

    private ZoneImport Import { get; }
}
