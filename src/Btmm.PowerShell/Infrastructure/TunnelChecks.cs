using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using Btmm.Core.Dns;
using Btmm.Core.NatTraversal;
using Btmm.Core.Node;
using Btmm.Core.Peers;
using Btmm.Core.Tunnel.Sessions;
using Btmm.PowerShell.Output;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>The single checks of Test-BtmmTunnel: each looks at one stage and tells what it saw.</summary>
internal static class TunnelChecks
{
    private const string TunPath = "/dev/net/tun";
    private const string StatusPath = "/proc/self/status";
    private const int CapNetAdmin = 12;

    // The largest echo that fits into the tunnel's 1280 bytes after 40 of IPv6 and 8 of ICMPv6.
    private const int FullEcho = 1232;

    /// <summary>May this user make a tunnel interface?</summary>
    public static CheckOutcome Rights()
    {
        if (!OperatingSystem.IsLinux()) return CheckOutcome.Failed("Tunnels work on Linux only, so far.", "Run this on a Linux host.");
        string? line = File.ReadLines(StatusPath).FirstOrDefault(l => l.StartsWith("CapEff:", StringComparison.Ordinal));
        bool mayAdminister = line is not null
            && ulong.TryParse(line.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong held)
            && (held >> CapNetAdmin & 1) == 1;
        if (!mayAdminister) return CheckOutcome.Failed("CAP_NET_ADMIN is not held.", "Run as root, or give the service CAP_NET_ADMIN.");
        if (!File.Exists(TunPath)) return CheckOutcome.Failed($"{TunPath} does not exist.", "Load the kernel module tun (modprobe tun), or let the container have the device.");
        return CheckOutcome.Passed($"{TunPath} exists and CAP_NET_ADMIN is held.");
    }

    /// <summary>Can this host be reached from outside?</summary>
    public static async Task<CheckOutcome> GatewayAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        IReadOnlyList<BtmmGateway> found = await GatewayProbe.RunAsync([Gateways.FindDefault()], timeout, cancellationToken).ConfigureAwait(false);
        BtmmGateway gateway = found[0];
        return gateway.Reachability switch
        {
            BtmmReachability.Direct => CheckOutcome.Passed($"{gateway.LocalAddress} is a public address."),
            BtmmReachability.Mappable => CheckOutcome.Passed($"{gateway.Gateway} speaks {Spoken(gateway)}; outside it is {gateway.ExternalAddress?.ToString() ?? "not known yet"}."),
            // Such a host can still call others that are reachable.
            BtmmReachability.DoubleNat => CheckOutcome.Warning($"{gateway.Gateway} is behind another NAT: outside it is {gateway.ExternalAddress}.", gateway.Remedy),
            _ => CheckOutcome.Warning($"{gateway.Gateway} maps no ports ({gateway.Reason}).", gateway.Remedy),
        };
    }

    private static string Spoken(BtmmGateway gateway) => string.Join(", ", gateway.Methods.Select(PortMappingNames.Of));

    /// <summary>Does the zone's own server answer?</summary>
    public static async Task<CheckOutcome> ZoneServiceAsync(ZoneAccess zone, CancellationToken cancellationToken)
    {
        ZoneServers servers = await zone.FindServersAsync(cancellationToken).ConfigureAwait(false);
        DnsReply reply = await zone.QueryAsync(new DnsQuestion(servers.Zone, DnsType.SOA), DnsTransport.Auto, cancellationToken).ConfigureAwait(false);
        uint? serial = reply.Message.Answers.Select(r => r.Data).OfType<SoaData>().FirstOrDefault()?.Serial;
        string signed = reply.IsSigned ? "signed" : "unsigned";
        return CheckOutcome.Passed(string.Create(CultureInfo.InvariantCulture, $"{reply.Server} answers for {servers.Zone}, {signed}, serial {serial}."));
    }

    /// <summary>What the node's mapping keeper says.</summary>
    public static CheckOutcome Mapping(NodeStatus node)
    {
        EndpointState? state = node.Endpoint;
        return state switch
        {
            { Phase: EndpointPhase.Available, Candidates: [{ Kind: EndpointCandidateKind.DirectPublic }, ..] }
                when node.Gateway is { IsReachable: false } verdict => CheckOutcome.Warning(verdict.Summary, verdict.Remedy),
            { Phase: EndpointPhase.Available } => CheckOutcome.Passed($"Others reach this host at {state.Endpoint}."),
            { Phase: EndpointPhase.Unavailable } when node.Gateway is { IsReachable: false } verdict => CheckOutcome.Warning(verdict.Summary, verdict.Remedy),
            { Phase: EndpointPhase.Unavailable } => CheckOutcome.Warning(state.Message, state.Remedy),
            _ => CheckOutcome.Warning("The node is still looking for a way in.", "Wait a few seconds and test again."),
        };
    }

    /// <summary>What the node's publisher says.</summary>
    public static CheckOutcome Records(NodeStatus node)
    {
        PublicationState state = node.Publication;
        return state.Kind switch
        {
            PublicationKind.Published when state.Endpoint is null => CheckOutcome.Warning($"{node.Name} is published without an endpoint.", "See the check of the mapping."),
            PublicationKind.Published => CheckOutcome.Passed($"{node.Name} is published with endpoint {state.Endpoint} until {state.LeaseUntil:HH:mm:ss} UTC."),
            _ when state.Error is not null => CheckOutcome.Failed(state.Error.Message, state.Error.Remedy),
            _ => CheckOutcome.Failed($"{node.Name} is not published ({state.Kind}).", "Wait a few seconds and test again; then look at the job's output."),
        };
    }

    /// <summary>Whose records are in the zone?</summary>
    public static CheckOutcome Peers(IReadOnlyList<PeerRecord> hosts)
    {
        if (hosts.Count == 0) return CheckOutcome.Failed("The account's list of hosts is empty.", "Start a node on each host with Start-BtmmTunnel.");
        string unreachable = string.Join(", ", hosts.Where(h => h.Endpoint is null).Select(Label));
        string evidence = string.Create(CultureInfo.InvariantCulture, $"{hosts.Count} hosts: {string.Join(", ", hosts.Select(Label))}.");
        return unreachable.Length == 0
            ? CheckOutcome.Passed(evidence)
            : CheckOutcome.Warning($"{evidence} Without an endpoint: {unreachable}.", "Such a host can call others but not be called.");
    }

    /// <summary>Does the tunnel stand?</summary>
    public static CheckOutcome Tunnel(BtmmTunnel tunnel)
    {
        string endpoint = tunnel.Endpoint?.ToString() ?? "nowhere";
        return tunnel.State switch
        {
            TunnelState.Up when tunnel.IsHealthy => CheckOutcome.Passed($"Up with {endpoint}, last heard {Ago(tunnel.LastHeard)}."),
            TunnelState.Up => CheckOutcome.Warning($"Up with {endpoint}, last heard {Ago(tunnel.LastHeard)}.", "The echo shows whether it works."),
            TunnelState.Idle => CheckOutcome.Passed("Idle: nobody talks to this peer; the first packet brings it up."),
            TunnelState.WaitingForEndpoint => CheckOutcome.Failed("The peer publishes no endpoint.", "Test the peer's own gateway with Get-BtmmGateway there."),
            _ => CheckOutcome.Warning(
                tunnel.LastReason is null ? $"{tunnel.State} with {endpoint}." : $"{tunnel.State} with {endpoint}: {tunnel.LastReason}.",
                "Check that the peer runs; its job's output may tell more."),
        };
    }

    /// <summary>Does an echo of full size come back through the tunnel?</summary>
    public static async Task<CheckOutcome> EchoAsync(IPAddress address, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var ping = new Ping();
        PingReply first = await ping.SendPingAsync(address, timeout, null, null, cancellationToken).ConfigureAwait(false);
        if (first.Status != IPStatus.Success)
            return CheckOutcome.Failed($"No echo from {address}: {first.Status}.", "See the checks of the peer's records and of the tunnel.");
        string time = string.Create(CultureInfo.InvariantCulture, $"{first.RoundtripTime} ms");
        PingReply full = await ping.SendPingAsync(address, timeout, new byte[FullEcho], null, cancellationToken).ConfigureAwait(false);
        return full.Status == IPStatus.Success
            ? CheckOutcome.Passed($"{time}; packets of 1280 bytes pass.")
            : CheckOutcome.Failed($"{time}, but packets of 1280 bytes do not pass: {full.Status}.", "Something on the way drops long packets; look for a lowered MTU.");
    }

    private static string Label(PeerRecord host) => host.Name.Split('.', 2)[0];

    private static string Ago(DateTimeOffset? time) =>
        time is { } at ? string.Create(CultureInfo.InvariantCulture, $"{(TimeProvider.System.GetUtcNow() - at).TotalSeconds:0} s ago") : "never";
}
