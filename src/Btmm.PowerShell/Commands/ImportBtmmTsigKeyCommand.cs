using System.Management.Automation;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.PowerShell.Commands;

/// <summary>Import-BtmmTsigKey: reads the key file of a name server, and can add its keys to a zone service.</summary>
[Cmdlet(VerbsData.Import, "BtmmTsigKey", SupportsShouldProcess = true)]
[OutputType(typeof(TsigKey))]
public sealed class ImportBtmmTsigKeyCommand : ServerKeyCmdlet
{
    /// <summary>The key file, in BIND's form.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName", "PSPath")]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Lets keys for the broken algorithm HMAC-MD5 through.</summary>
    [Parameter]
    public SwitchParameter AllowLegacy { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string path in Path) ForItem(path, () => Import(path));
    }

    private void Import(string path)
    {
        string text = File.ReadAllText(ResolvePath(path));
        if (!TsigKeyFile.TryParse(text, AllowLegacy, out IReadOnlyList<TsigKey>? keys, out string? error))
            throw new BtmmException(BtmmErrorReason.InvalidValue, $"{path} is not a usable key file: {error}", "Give a file as tsig-keygen writes it.");
        foreach (TsigKey key in keys) Emit(key);
    }
}
