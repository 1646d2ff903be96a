using System.Management.Automation;
using Btmm.Core.Administration;
using Btmm.Core.Diagnostics;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>Get-BtmmTsigKey: lists the keys that a running zone service knows, without their secrets.</summary>
[Cmdlet(VerbsCommon.Get, "BtmmTsigKey")]
[OutputType(typeof(BtmmServerKey))]
public sealed class GetBtmmTsigKeyCommand : ServerCmdlet
{
    /// <summary>Names of keys, with wildcards; all unless given.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ServerKeyCompleter))]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(InputObject, () =>
    {
        ServerTarget target = GetTarget();
        IReadOnlyList<KeyInfo> keys = Await(target.Administration.GetKeysAsync, "Asking the zone service");
        ForNamed(Name, keys, static key => [key.Name.ToString()], key => WriteObject(new BtmmServerKey(key, target)), static name =>
            new BtmmException(BtmmErrorReason.NameNotFound, $"There is no key {name}.", "Get-BtmmTsigKey without a name shows all."));
    });
}
