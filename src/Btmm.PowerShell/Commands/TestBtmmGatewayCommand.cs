using System.Management.Automation;
using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;
using Btmm.Protocol.Dns;

namespace Btmm.PowerShell.Commands;

/// <summary>Test-BtmmGateway: says whether others can reach this host, which box is in the way, and what to do.</summary>
[Cmdlet(VerbsDiagnostic.Test, "BtmmGateway")]
[OutputType(typeof(BtmmGatewayVerdict), typeof(bool))]
public sealed class TestBtmmGatewayCommand : ZoneCmdlet
{
    // The search for servers comes before the examination.
    private static readonly TimeSpan s_searchLimit = TimeSpan.FromSeconds(2);

    /// <summary>Starts with the patience of an examination instead of that of a DNS exchange.</summary>
    public TestBtmmGatewayCommand() => Timeout = TimeSpan.FromSeconds(5);

    /// <summary>STUN servers to ask; those of the zone are asked as well.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public HostPort[] StunServer { get; set; } = [];

    /// <summary>Asks no server by STUN, so that nothing is sent beyond the network but what finds the routers on the way.</summary>
    [Parameter]
    public SwitchParameter NoStun { get; set; }

    /// <summary>Maps no port for a trial: nothing on the gateway is changed, and whether it maps ports stays open.</summary>
    [Parameter]
    public SwitchParameter NoTrialMapping { get; set; }

    /// <summary>An http address that answers 204 wherever no sign-in page is in the way.</summary>
    [Parameter]
    [ValidateNotNull]
    public Uri? PortalProbe { get; set; }

    /// <summary>Emits true or false alone.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(PortalProbe, () =>
    {
        if (PortalProbe is { } probe && !(probe.IsAbsoluteUri && probe.Scheme == Uri.UriSchemeHttp))
            throw new BtmmException(BtmmErrorReason.InvalidValue, $"'{probe}' is no http address.", "Give one such as http://probe.example.net/204; by https, a sign-in page cannot answer.");
        GatewayExaminer examiner = GatewayExam.Create(line => Post(() => WriteWarning(line)));
        GatewayExaminerOptions options = Await(SearchServers(), "Looking for the servers to ask");
        WriteVerbose($"Asking by STUN: {Join(options.StunServers.Concat(options.ZoneServers).Select(StunAddressFinder.Asked))}.");
        var verdict = new BtmmGatewayVerdict(Await(token => examiner.ExamineAsync(options, token), "Examining the way to the internet"));
        foreach (GatewayEvidence evidence in verdict.Evidence) WriteVerbose(evidence.ToString());
        WriteObject(Quiet ? verdict.IsReachable : verdict);
    });

    private static string Join(IEnumerable<IPEndPoint> servers) => string.Join(", ", servers) is { Length: > 0 } text ? text : "nobody";

    /// <summary>Decides on the pipeline thread what is looked for; the search itself runs elsewhere.</summary>
    private Func<CancellationToken, Task<GatewayExaminerOptions>> SearchServers()
    {
        BtmmAccount? account = Account ?? (Zone is null ? Session.CurrentAccount : null);
        DnsName? zone = Zone ?? account?.Domain;
        HostPort[] configured = Server ?? [.. (account?.Servers ?? []).Select(s => new HostPort(s.Host, s.Port))];
        ZoneAccess? access = zone is not null && configured.Length == 0 && !NoStun ? GetAccess() : null;
        var search = new ExaminedServers(s_searchLimit, line => Post(() => WriteWarning(line)));
        return async token =>
        {
            using (access)
            {
                IReadOnlyList<IPEndPoint> zoneServers = access is null
                    ? await search.ResolveAsync(NoStun ? [] : configured, Engine.DnsPort, token).ConfigureAwait(false)
                    : await search.FindAsync(access, token).ConfigureAwait(false);
                return new GatewayExaminerOptions
                {
                    StunServers = await search.ResolveAsync(NoStun ? [] : StunServer, ExaminedServers.StunPort, token).ConfigureAwait(false),
                    ZoneServers = zoneServers,
                    Zone = NoStun ? null : zone,
                    PortalProbe = PortalProbe,
                    TryMapping = !NoTrialMapping,
                    Limit = Timeout,
                };
            }
        };
    }
}
