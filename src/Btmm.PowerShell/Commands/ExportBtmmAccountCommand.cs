using System.Management.Automation;
using System.Security;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Infrastructure;

namespace Btmm.PowerShell.Commands;

/// <summary>Export-BtmmAccount: writes an account to a file, by which another host joins.</summary>
[Cmdlet(VerbsData.Export, "BtmmAccount", SupportsShouldProcess = true, DefaultParameterSetName = "Passphrase")]
[OutputType(typeof(FileInfo))]
public sealed class ExportBtmmAccountCommand : BtmmCmdlet
{
    /// <summary>The account.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public BtmmAccount? Account { get; set; }

    /// <summary>The file.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <summary>The passphrase that protects the file.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Passphrase")]
    public SecureString? Passphrase { get; set; }

    /// <summary>Writes the keys unencrypted, readable for the owner only.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Unprotected")]
    public SwitchParameter Unprotected { get; set; }

    /// <summary>Gives the other host the authority's private key too.</summary>
    [Parameter(ParameterSetName = "Passphrase")]
    public SwitchParameter IncludeAuthorityKey { get; set; }

    /// <summary>Replaces an existing file.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Emits the file.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(Path, () =>
    {
        if (Account is not { } account) return;
        string path = ResolvePath(Path);
        if (!ShouldProcess(path, $"write account {account.Domain}")) return;
        if (File.Exists(path) && !Force)
        {
            WriteError(Exists(path));
            return;
        }
        if (Passphrase is null)
            Await(token => AccountFile.SaveAsync(account, path, token));
        else
            SecureText.Use(Passphrase, text => Await(token => Export(account, path, text, IncludeAuthorityKey, token)));
        if (PassThru) WriteObject(new FileInfo(path));
    });

    private ErrorRecord Exists(string path) =>
        new(new IOException($"{path} exists already."), "FileExists", ErrorCategory.ResourceExists, Path)
        {
            ErrorDetails = new ErrorDetails($"{path} exists already.") { RecommendedAction = "Choose another path, or use -Force to replace the file." },
        };

    private static async Task<bool> Export(BtmmAccount account, string path, char[] passphrase, bool withAuthorityKey, CancellationToken cancellationToken)
    {
        await AccountFile.ExportAsync(account, path, passphrase, withAuthorityKey, cancellationToken).ConfigureAwait(false);
        return true;
    }
}
