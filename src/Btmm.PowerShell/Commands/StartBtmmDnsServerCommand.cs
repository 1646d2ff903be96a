using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using Btmm.Core.SignOn;
using Btmm.Platform.Sockets;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Jobs;
using Btmm.Server;

namespace Btmm.PowerShell.Commands;

/// <summary>Start-BtmmDnsServer: starts the zone service of an account as a job.</summary>
[Cmdlet(VerbsLifecycle.Start, "BtmmDnsServer", SupportsShouldProcess = true)]
[OutputType(typeof(BtmmDnsServerJob))]
public sealed class StartBtmmDnsServerCommand : BtmmCmdlet
{
    /// <summary>The account whose domain is served.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public BtmmAccount? Account { get; set; }

    /// <summary>The addresses on which to listen; all unless given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public IPAddress[] Address { get; set; } = Socket.OSSupportsIPv6 ? [IPAddress.Any, IPAddress.IPv6Any] : [IPAddress.Any];

    /// <summary>The UDP and TCP port; 0 for any free one.</summary>
    [Parameter]
    [ValidateRange(0, 65535)]
    public int Port { get; set; } = Engine.DnsPort;

    /// <summary>The addresses published for the server in the zone; those on which it listens unless given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public IPAddress[]? PublicAddress { get; set; }

    /// <summary>The job's name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(Account, () =>
    {
        if (Account is not { } account) return;
        IPEndPoint[] endpoints = [.. Address.Select(a => new IPEndPoint(a, Port))];
        if (!ShouldProcess(string.Join(", ", (IEnumerable<IPEndPoint>)endpoints), $"serve zone {account.Domain}")) return;

        var service = new ZoneService(new ZoneServiceOptions
        {
            Endpoints = endpoints,
            Zones = [ZoneOptions.ForAccount(account)],
            PublicAddresses = PublicAddress ?? [],
            DatagramServers = DatagramServerFactory.Instance,
        });
        AwaitStart(service, service.StartAsync);
        Launch(new BtmmDnsServerJob(MyInvocation.MyCommand.Name, Name, account, service));
    });
}
