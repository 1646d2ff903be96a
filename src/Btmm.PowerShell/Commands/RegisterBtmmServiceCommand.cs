using System.Management.Automation;
using System.Net;
using Btmm.Core.Administration;
using Btmm.Core.Diagnostics;
using Btmm.Platform.Services;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>Register-BtmmService: has the system run the zone service or the node from its start on.</summary>
[Cmdlet(VerbsLifecycle.Register, "BtmmService", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(BtmmService))]
public sealed class RegisterBtmmServiceCommand : ServiceCmdlet
{
    /// <summary>What to run.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    public ServiceKind Kind { get; set; }

    /// <summary>The service's name; btmm-zone or btmm-node unless given.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Account files: one for a node; any number, none with -Store, for a zone service.</summary>
    [Parameter]
    [Alias("Account")]
    [ValidateNotNullOrEmpty]
    public string[] AccountPath { get; set; } = [];

    /// <summary>The zone service's addresses, with ports when they are not 53.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Listen { get; set; } = ["0.0.0.0", "::"];

    /// <summary>The zone service's store: a file, a PostgreSQL database's address, or @FILE.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Store { get; set; }

    /// <summary>The zone service's control socket; the default one unless given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string ControlPath { get; set; } = ControlSocket.DefaultPath;

    /// <summary>The node's first label; the computer's name unless given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string HostName { get; set; } = Environment.MachineName.Split('.', 2)[0].ToLowerInvariant();

    /// <summary>Further arguments for btmmd, or further parameters for the cmdlet with -UsePowerShell.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] ArgumentList { get; set; } = [];

    /// <summary>When it is started again after its end.</summary>
    [Parameter]
    public ServiceRestart Restart { get; set; } = ServiceRestart.Always;

    /// <summary>Runs pwsh with this module instead of btmmd.</summary>
    [Parameter]
    public SwitchParameter UsePowerShell { get; set; }

    /// <summary>The program: btmmd, or with -UsePowerShell pwsh.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Program { get; set; }

    /// <summary>Starts it now, too.</summary>
    [Parameter]
    public SwitchParameter Start { get; set; }

    /// <summary>Emits the service.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(Name ?? Kind.ToString(), () =>
    {
        ServiceDefinition service = Define();
        ServiceRegistration registration = GetRegistration(out bool isManaged);
        string path = registration.PathOf(service.Name);
        string command = string.Join(' ', service.Arguments.Prepend(service.Program));
        if (!ShouldProcess(path, $"run '{command}' at the system's start")) return;
        Await(token => registration.RegisterAsync(service, Start, token));
        if (PassThru) WriteObject(new BtmmService { Name = service.Name, Kind = Kind, Path = path, Command = command, IsEnabled = isManaged });
    });

    private ServiceDefinition Define()
    {
        string[] accounts = [.. AccountPath.Select(ResolvePath)];
        if (accounts.FirstOrDefault(path => !File.Exists(path)) is { } missing)
            throw new BtmmException(BtmmErrorReason.NameNotFound, $"There is no account file {missing}.", "Check the path, or make or import an account first.");
        if (Kind == ServiceKind.Node ? accounts.Length != 1 : accounts.Length == 0 && Store is null)
            throw new BtmmException(BtmmErrorReason.InvalidValue, Kind == ServiceKind.Node ? "A node has one account." : "A zone service needs an account or a store.", "Give -AccountPath or -Store.");
        return new ServiceDefinition
        {
            Name = Checked(Name ?? (Kind == ServiceKind.Zone ? "btmm-zone" : "btmm-node")),
            Kind = Kind,
            Program = Program is not null ? ResolvePath(Program) : UsePowerShell ? Environment.ProcessPath ?? "pwsh" : ServicePlaces.FindDaemon(),
            Arguments = UsePowerShell ? Script(accounts) : Daemon(accounts),
            Notifies = Kind == ServiceKind.Zone && !UsePowerShell,
            Restart = Restart,
            Writes = Kind == ServiceKind.Zone ? [.. WrittenFiles().Select(file => System.IO.Path.GetDirectoryName(file)).OfType<string>()] : [],
        };
    }

    private IEnumerable<string> WrittenFiles() => StorePath is { } file ? [ResolvePath(ControlPath), file] : [ResolvePath(ControlPath)];

    // Null for a database, or a file that tells where the records are.
    private string? StorePath => Store is null || Store.StartsWith('@') || IsAddress(Store) ? null : ResolvePath(Store);

    private string? StoreText => Store is null ? null : Store.StartsWith('@') ? $"@{ResolvePath(Store[1..])}" : StorePath ?? Store;

    private static bool IsAddress(string store) => store.Contains("://", StringComparison.Ordinal) || store.Contains('=', StringComparison.Ordinal);

    private IReadOnlyList<string> Daemon(string[] accounts)
    {
        if (Kind == ServiceKind.Node) return ["node", "--account", accounts[0], "--host", HostName, .. ArgumentList];
        IEnumerable<string> store = StoreText is { } text ? ["--store", text] : [];
        return
        [
            "zone", .. accounts.SelectMany(path => new[] { "--account", path }), .. Endpoints().SelectMany(endpoint => new[] { "--listen", endpoint.ToString() }),
            .. store, "--control", ResolvePath(ControlPath), .. ArgumentList,
        ];
    }

    private IReadOnlyList<string> Script(string[] accounts)
    {
        string manifest = System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(typeof(ServiceCmdlet).Assembly.Location) ?? string.Empty, "..", "..", "Btmm.psd1"));
        string more = ArgumentList.Length == 0 ? string.Empty : $" {string.Join(' ', ArgumentList)}";
        string start = Kind == ServiceKind.Node
            ? $" -HostName {ServiceScript.Quote(HostName)}"
            : $"{ServiceScript.Listen(Endpoints())}{(StoreText is { } text ? $" -Store {ServiceScript.Quote(text)}" : string.Empty)} -ControlPath {ServiceScript.Quote(ResolvePath(ControlPath))}";
        return ServiceScript.Arguments(manifest, Kind, accounts, start + more);
    }

    private IPEndPoint[] Endpoints() => [.. Listen.Select(ParseEndpoint)];

    private static IPEndPoint ParseEndpoint(string text)
    {
        if (!text.StartsWith('[') && IPAddress.TryParse(text, out IPAddress? address)) return new IPEndPoint(address, Engine.DnsPort);
        return IPEndPoint.TryParse(text, out IPEndPoint? endpoint)
            ? new IPEndPoint(endpoint.Address, endpoint.Port == 0 && !text.EndsWith(":0", StringComparison.Ordinal) ? Engine.DnsPort : endpoint.Port)
            : throw new BtmmException(BtmmErrorReason.InvalidValue, $"'{text}' is no address.", "Write 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53.");
    }
}
