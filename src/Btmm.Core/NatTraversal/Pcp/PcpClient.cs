using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal.Pcp;

/// <summary>
/// Speaks PCP (RFC 6887) with one gateway over IPv4 or IPv6: single operations, one at a time, each ended by an answer, by the gateway's
/// refusal, or by the caller. Over IPv6 a mapping is a hole in the gateway's firewall. Keeps no mapping alive. Thread-safe.
/// </summary>
public sealed class PcpClient : IAsyncDisposable
{
    /// <summary>How often ANNOUNCE is tried before a question follows that servers without ANNOUNCE can answer.</summary>
    private const int AnnounceTries = 3;

    /// <summary>"Discard": the port of a mapping that nobody has.</summary>
    private const ushort DiscardPort = 9;

    /// <summary>So many nonces are known as our own; then the oldest are forgotten with all others.</summary>
    private const int MaxNonces = 4096;

    private readonly IPEndPoint _gateway;
    private readonly IPAddress _local;
    private readonly IRandomSource _random;
    private readonly TimeProvider _time;
    private readonly PcpSession _session;
    private readonly GatewayLink<PcpRequest, PcpResponse> _link;
    private readonly ConcurrentDictionary<PcpNonce, bool> _asked = new();
    private readonly RefusalLog _refusals;
    private int _stateLossCount;
    private bool _ignoresAnnounce;
    private PcpNonce? _nobodys;

    /// <summary>Makes a client; opens no socket yet.</summary>
    /// <param name="route">
    /// The gateway, and this host's address: requests are sent from it, name it, and map ports of it. Of IPv6 it is a global one.
    /// </param>
    /// <param name="channels">Where its socket comes from.</param>
    /// <param name="random">For the variation of retransmissions.</param>
    /// <param name="time">The clock.</param>
    /// <param name="refused">Told of forged answers, each kind once, by any thread; must be quick. Null for nobody.</param>
    public PcpClient(
        GatewayRoute route, IDatagramChannelFactory channels, IRandomSource random, TimeProvider time, Action<RefusedAnswer>? refused = null)
    {
        ArgumentNullException.ThrowIfNull(route);
        ArgumentNullException.ThrowIfNull(time);
        _gateway = new IPEndPoint(route.Gateway, PcpConstants.ServerPort);
        _local = route.LocalAddress;
        _random = random;
        _time = time;
        _session = new PcpSession(route.Gateway, random);
        _refusals = new RefusalLog(route.Gateway, refused);
        _link = new GatewayLink<PcpRequest, PcpResponse>(
            _session,
            _gateway,
            _local,
            channels,
            time,
            PcpConstants.MaxMessageLength,
            _refusals)
        { Heard = PassOn };
    }

    /// <summary>How often the gateway's answers have shown that it may have lost its mappings since the answer before (RFC 6887 §8.5).</summary>
    public int StateLossCount => Volatile.Read(ref _stateLossCount);

    /// <summary>Where its requests go.</summary>
    internal IPEndPoint GatewayEndPoint => _gateway;

    /// <summary>
    /// Told of each MAP response with a nonce of ours that answers nothing under way, and whether its epoch shows a loss; it may be a
    /// mapping update (§14.2) or late. Must be quick.
    /// </summary>
    internal Action<PcpResponse, bool>? Unasked { get; init; }

    /// <summary>
    /// Asks whether the gateway speaks PCP, and for its epoch; changes nothing. When ANNOUNCE goes unanswered, which some servers do not
    /// know, the question is the deletion of a mapping that does not exist (§15.1), and that alone from then on while it is answered.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="maxTries">How often to send.</param>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    public async Task<GatewayAnswer> ProbeAsync(CancellationToken cancellationToken, int maxTries = PcpConstants.MaxTries)
    {
        PcpRequest request = PcpRequest.Announce(_local);
        TimeSpan before = TimeSpan.Zero;
        ExchangeOutcome<PcpResponse>? outcome = null;
        if (!_ignoresAnnounce)
        {
            outcome = await ExchangeAsync(request, Math.Min(maxTries, AnnounceTries), cancellationToken).ConfigureAwait(false);
            before = outcome.Elapsed;
        }

        if (outcome is null || (outcome.Kind == ExchangeOutcomeKind.NoAnswer && maxTries > AnnounceTries))
        {
            _nobodys ??= PcpNonce.Create(_random);
            request = PcpRequest.Delete(_local, _nobodys.Value, PcpMap.Udp, DiscardPort);
            outcome = await ExchangeAsync(request, maxTries, cancellationToken).ConfigureAwait(false);
            outcome = outcome with { Elapsed = before + outcome.Elapsed };
            _ignoresAnnounce = outcome.Kind == ExchangeOutcomeKind.Answered;
        }

        // A server that does not know ANNOUNCE is a server all the same.
        PcpResponse response = PcpErrors.RequireAnswer(outcome, _gateway);
        bool speaks = response.Result is PcpResult.Success or PcpResult.UnsupportedOpcode || IsNothingThere(request, response);
        if (!speaks) throw PcpErrors.Refused(response, request, _gateway);
        return Answer(outcome, response, externalAddress: null);
    }

    /// <summary>Makes or renews a mapping. The gateway may grant another port and address, and another lifetime.</summary>
    /// <param name="request">What to map.</param>
    /// <param name="nonce">The mapping's nonce.</param>
    /// <param name="suggestedAddress">The external address wanted; null for any.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="maxTries">How often to send.</param>
    /// <returns>The mapping, and the answer that told of it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A port or the lifetime cannot be written in the protocol.</exception>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    public async Task<(PortMapping Mapping, GatewayAnswer Answer)> MapAsync(
        PortMappingRequest request,
        PcpNonce nonce,
        IPAddress? suggestedAddress,
        CancellationToken cancellationToken,
        int maxTries = PcpConstants.MaxTries)
    {
        ArgumentNullException.ThrowIfNull(request);
        PcpRequest message = Message(request, nonce, suggestedAddress);
        ExchangeOutcome<PcpResponse> outcome = await ExchangeAsync(message, maxTries, cancellationToken).ConfigureAwait(false);
        PcpResponse response = PcpErrors.Require(outcome, message, _gateway);
        if (response.Map is not { ExternalPort: > 0 } granted) throw PortMappingErrors.Malformed(_gateway, "external port 0");
        TimeSpan lifetime = TimeSpan.FromSeconds(response.LifetimeSeconds);
        PortMapping mapping = new(
            PortMappingMethod.Pcp,
            _gateway.Address,
            request.Protocol,
            request.InternalPort,
            granted.ExternalPort,
            lifetime < PcpConstants.MaxLifetime ? lifetime : PcpConstants.MaxLifetime,
            _time.GetUtcNow())
        {
            ExternalAddress = External(granted.ExternalAddress),
            Nonce = nonce,
        };
        return (mapping, Answer(outcome, response, mapping.ExternalAddress));
    }

    /// <summary>Ends a mapping of this host; one that does not exist is no error (RFC 6887 §15.1).</summary>
    /// <param name="protocol">UDP or TCP.</param>
    /// <param name="internalPort">The port on this host.</param>
    /// <param name="nonce">The nonce with which it was made.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="maxTries">How often to send.</param>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    public async Task DeleteAsync(
        PortMappingProtocol protocol,
        int internalPort,
        PcpNonce nonce,
        CancellationToken cancellationToken,
        int maxTries = PcpConstants.MaxTries)
    {
        PcpRequest message = PcpRequest.Delete(_local, nonce, Number(protocol), PortMappingRequest.InternalPortNumber(internalPort));
        ExchangeOutcome<PcpResponse> outcome = await ExchangeAsync(message, maxTries, cancellationToken).ConfigureAwait(false);
        PcpResponse response = PcpErrors.RequireAnswer(outcome, _gateway);
        if (response.Result != PcpResult.Success && !IsNothingThere(message, response)) throw PcpErrors.Refused(response, message, _gateway);
    }

    /// <summary>Whether an announcement with this epoch means that the gateway may have lost its mappings (RFC 6887 §8.5).</summary>
    internal bool AnnouncesLoss(uint epochSeconds) => _link.Inspect(now => _session.AnnouncesLoss(now, epochSeconds));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _link.DisposeAsync();

    internal static byte Number(PortMappingProtocol protocol) => protocol == PortMappingProtocol.Tcp ? PcpMap.Tcp : PcpMap.Udp;

    private PcpRequest Message(PortMappingRequest request, PcpNonce nonce, IPAddress? suggestedAddress)
    {
        (ushort internalPort, ushort external, uint lifetime) = request.Numbers();
        PcpMap map = new(nonce, Number(request.Protocol), internalPort, external, suggestedAddress ?? Any);
        bool preferFailure = request.PreferFailure && request.SuggestedExternalPort != 0; // Without a port it is malformed (§13.2).
        PcpOptions options = preferFailure ? new PcpOptions { PreferFailure = true } : PcpOptions.None;
        return PcpRequest.MapPort(_local, map, lifetime, options);
    }

    /// <summary>
    /// What miniupnpd says to the deletion of a mapping that it does not have, where §15.1 wants success. A server that really is short
    /// of resources ends the mapping when its lifetime ends.
    /// </summary>
    private static bool IsNothingThere(PcpRequest request, PcpResponse response) =>
        request is { Map: not null, LifetimeSeconds: 0 } && response.Result == PcpResult.NoResources;

    /// <summary>The address that stands for "any" in this host's family.</summary>
    private IPAddress Any => IsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;

    private bool IsIPv6 => _local.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>
    /// The address of a grant. Some servers fill in none, or write it in the other family's zeros: a firewall then means this host's own
    /// address, a NAT that it has none.
    /// </summary>
    private IPAddress External(IPAddress granted) =>
        granted.Equals(IPAddress.Any) || granted.Equals(IPAddress.IPv6Any) ? IsIPv6 ? _local : IPAddress.Any : granted;

    private static GatewayAnswer Answer(ExchangeOutcome<PcpResponse> outcome, PcpResponse response, IPAddress? externalAddress) => new(
        PortMappingMethod.Pcp, externalAddress, TimeSpan.FromSeconds(response.EpochSeconds ?? 0), outcome.Elapsed, outcome.Tries);

    private async Task<ExchangeOutcome<PcpResponse>> ExchangeAsync(PcpRequest request, int maxTries, CancellationToken cancellationToken)
    {
        if (request.Map is { } map)
        {
            if (_asked.Count >= MaxNonces) _asked.Clear();
            _asked[map.Nonce] = true;
        }

        ExchangeOutcome<PcpResponse> outcome = await _link.ExchangeAsync(request, maxTries, cancellationToken).ConfigureAwait(false);
        if (!outcome.GatewayLostState) return outcome;
        Interlocked.Increment(ref _stateLossCount);
        PortMappingLog.Instance.StateLost(_gateway.Address.ToString(), outcome.Response?.EpochSeconds ?? 0);
        return outcome;
    }

    private void PassOn()
    {
        if (!_session.TryTakeUnasked(out PcpResponse? response) || response is not { EpochSeconds: { } epoch, Map: { } map }) return;
        if (_asked.ContainsKey(map.Nonce)) Unasked?.Invoke(response, _session.AnnouncesLoss(_link.Now(), epoch));
        else _refusals.ForeignNonce();
    }
}
