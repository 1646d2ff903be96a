using System.Management.Automation;
using Btmm.Core.Administration;
using Btmm.PowerShell.Infrastructure;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.PowerShell.Commands;

/// <summary>The base of the cmdlets that make a key object and can add the key to a running zone service as well.</summary>
public abstract class ServerKeyCmdlet : ServerCmdlet
{
    /// <summary>What the key is good for at the zone service; with it, the key is added there.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public BtmmKeyGrant[]? Grant { get; set; }

    /// <summary>Updates a minute that its holder may make at the zone service; 0 for as many as the zones may have.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int UpdatesPerMinute { get; set; }

    /// <summary>Replaces the secret, grants and limit of a key of this name at the zone service.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Emits the key; adds it to the service first when that is asked for.</summary>
    internal void Emit(TsigKey key)
    {
        if (Grant is null && !IsServerGiven)
        {
            WriteObject(key);
            return;
        }

        ServerTarget target = GetTarget();
        if (!ShouldProcess($"{target}", $"add key {key.Name} for {string.Join("; ", (IEnumerable<BtmmKeyGrant>)(Grant ?? []))}")) return;
        Await(async token =>
        {
            IReadOnlyList<ZoneInfo> zones = await target.Administration.GetZonesAsync(token).ConfigureAwait(false);
            var settings = new KeySettings(key, [.. (Grant ?? []).Select(grant => grant.Resolve(zones))]) { UpdatesPerMinute = UpdatesPerMinute };
            await target.Administration.PutKeyAsync(settings, Force, token).ConfigureAwait(false);
        });
        WriteObject(key);
    }
}
