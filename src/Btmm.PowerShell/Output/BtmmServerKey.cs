using Btmm.Core.Administration;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Jobs;

namespace Btmm.PowerShell.Output;

/// <summary>A key that a running service knows, without its secret.</summary>
public sealed class BtmmServerKey
{
    internal BtmmServerKey(KeyInfo info, ServerTarget target)
    {
        Info = info;
        Job = target.Job;
        ControlPath = target.ControlPath;
    }

    /// <summary>The key's name.</summary>
    public string Name => Info.Name.ToString();

    /// <summary>The algorithm.</summary>
    public string Algorithm => Info.Algorithm;

    /// <summary>Bytes in the secret.</summary>
    public int SecretLength => Info.SecretLength;

    /// <summary>What it is good for.</summary>
    public KeyGrant[] Grants => [.. Info.Grants];

    /// <summary>Updates a minute that its holder may make; 0 for as many as the zones may have.</summary>
    public int UpdatesPerMinute => Info.UpdatesPerMinute;

    /// <summary>Updates refused since the start because its quota was used up.</summary>
    public long OverQuota => Info.OverQuota;

    /// <summary>Whether it is an account's that the service was started with, or one of its catalog.</summary>
    public EntrySource Source => Info.Source;

    /// <summary>The job that knows it; null for a service in another process.</summary>
    public BtmmDnsServerJob? Job { get; }

    /// <summary>The control socket that was asked; null for a job.</summary>
    public string? ControlPath { get; }

    private KeyInfo Info { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
