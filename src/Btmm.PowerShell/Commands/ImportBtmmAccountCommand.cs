using System.Management.Automation;
using System.Security;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Infrastructure;

namespace Btmm.PowerShell.Commands;

/// <summary>Import-BtmmAccount: reads an account from a file.</summary>
[Cmdlet(VerbsData.Import, "BtmmAccount")]
[OutputType(typeof(BtmmAccount))]
public sealed class ImportBtmmAccountCommand : BtmmCmdlet
{
    /// <summary>The file or files.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName", "PSPath")]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>The passphrase, unless the file was written without one.</summary>
    [Parameter]
    public SecureString? Passphrase { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string path in Path) ForItem(path, () => WriteObject(Import(ResolvePath(path))));
    }

    private BtmmAccount Import(string path) =>
        Passphrase is null
            ? Await(token => AccountFile.LoadAsync(path, token))
            : SecureText.Use(Passphrase, text => Await(token => AccountFile.ImportAsync(path, text, token)));
}
