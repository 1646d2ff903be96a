using System.Net;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Keeping;

/// <summary>
/// Keeps a pinhole for this host's own IPv6 address open on the default IPv6 gateway, by the rules by which mappings are kept, and
/// tells its candidates. Where there is none, nobody is told why: IPv6 is an addition. Thread-safe.
/// </summary>
internal sealed class PinholeKeeper : IKeeperOwner
{
    private readonly IGatewayFinder _gateways;
    private readonly KeeperParts _parts;
    private readonly Action<IReadOnlyList<EndpointCandidate>> _publish;
    private readonly RouteFollower _follower;
    private readonly Channel<bool> _checks = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private volatile EndpointState _current = new() { Phase = EndpointPhase.Searching };
    private (IPAddress Gateway, int Port)? _granted;

    internal PinholeKeeper(IGatewayFinder gateways, KeeperParts parts, Action<IReadOnlyList<EndpointCandidate>> publish)
    {
        _gateways = gateways;
        _parts = parts with { Checks = _checks.Reader };
        _publish = publish;
        _follower = new RouteFollower(gateways.FindDefaultV6, LiveOnAsync, Fault, parts.Time);
    }

    /// <inheritdoc/>
    public EndpointState Current => _current;

    /// <inheritdoc/>
    public bool IsCurrent(GatewayRoute route) => _gateways.FindDefaultV6() == route;

    /// <inheritdoc/>
    public void Publish(EndpointState state)
    {
        _current = state;
        _publish(state.Candidates);
    }

    /// <inheritdoc/>
    public void TellGatewayRestart()
    {
        // A firewall's flows are the concern of whoever listens on IPv6; the mapping on IPv4 tells of restarts.
    }

    /// <inheritdoc/>
    public int? RememberedPort(IPAddress gateway) => _granted is { } granted && granted.Gateway.Equals(gateway) ? granted.Port : null;

    /// <inheritdoc/>
    public void RememberPort(IPAddress gateway, int port) => _granted = (gateway, port);

    internal void Start() => _follower.Start();

    internal void Restart() => _follower.Restart();

    internal void CheckNow() => _checks.Writer.TryWrite(true);

    internal Task<bool> StopAsync() => _follower.StopAsync();

    private void Fault(Exception failure) => Publish(MappingKeeper.Broken("The pinhole", failure));

    private async Task<bool> LiveOnAsync(GatewayRoute? route, RouteFollower follower, CancellationToken episode)
    {
        if (route is not null)
        {
            var keeper = new GatewayKeeper(this, route, EndpointCandidateKind.Pinhole, _parts);
            return await keeper.RunAsync(episode, follower.Shutdown).ConfigureAwait(false);
        }

        Publish(new EndpointState { Phase = EndpointPhase.Unavailable, Reason = BtmmErrorReason.NoGateway });
        await follower.WhileOnAsync(route, episode).ConfigureAwait(false);
        return true;
    }
}
