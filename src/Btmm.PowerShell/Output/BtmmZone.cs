using Btmm.Core.Administration;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Jobs;

namespace Btmm.PowerShell.Output;

/// <summary>A zone of a running service at one moment.</summary>
public sealed class BtmmZone
{
    internal BtmmZone(ZoneInfo info, ServerTarget target)
    {
        Info = info;
        Job = target.Job;
        ControlPath = target.ControlPath;
    }

    /// <summary>The zone's name.</summary>
    public string Name => Info.Apex.ToString();

    /// <summary>The SOA's serial.</summary>
    public uint Serial => Info.Serial;

    /// <summary>Records in it.</summary>
    public int Records => Info.Records;

    /// <summary>Those of them with a lease.</summary>
    public int LeasedRecords => Info.LeasedRecords;

    /// <summary>Whether anybody may read all of it.</summary>
    public bool IsPublic => Info.IsPublic;

    /// <summary>The first label of the server's own name in it.</summary>
    public string ServerLabel => Info.ServerLabel;

    /// <summary>Keys that are good for something in it.</summary>
    public int Keys => Info.Keys;

    /// <summary>Records that it may have.</summary>
    public int MaxRecords => Info.Quota.MaxRecords;

    /// <summary>Records that one name in it may have.</summary>
    public int MaxRecordsPerName => Info.Quota.MaxRecordsPerName;

    /// <summary>Updates a minute that it may have; 0 for any number.</summary>
    public int UpdatesPerMinute => Info.Quota.UpdatesPerMinute;

    /// <summary>Updates refused since the start because its quota was used up.</summary>
    public long OverQuota => Info.OverQuota;

    /// <summary>Whether it is an account's that the service was started with, or one of its catalog.</summary>
    public EntrySource Source => Info.Source;

    /// <summary>The job that serves it; null for a service in another process.</summary>
    public BtmmDnsServerJob? Job { get; }

    /// <summary>The control socket that was asked; null for a job.</summary>
    public string? ControlPath { get; }

    private ZoneInfo Info { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
