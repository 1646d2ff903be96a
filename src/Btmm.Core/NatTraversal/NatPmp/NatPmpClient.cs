using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.Core.NatTraversal.NatPmp;

/// <summary>
/// Speaks NAT-PMP (RFC 6886) with one gateway: single operations, one at a time, each ended by an answer, by the gateway's
/// refusal, or by the caller. Keeps no mapping alive; the keeper of mappings does. Thread-safe.
/// </summary>
/// <remarks>
/// Nine tries without an answer take 128 s and end in <see cref="BtmmErrorReason.PortMappingUnsupported"/>; n fewer ones take
/// 0.25 s × (2^n − 1) and end in <see cref="BtmmErrorReason.Timeout"/>.
/// </remarks>
public sealed class NatPmpClient : IAsyncDisposable
{
    private readonly IPEndPoint _gateway;
    private readonly TimeProvider _time;
    private readonly NatPmpSession _session;
    private readonly GatewayLink<NatPmpRequest, NatPmpResponse> _link;
    private int _stateLossCount;

    /// <summary>Makes a client; opens no socket yet.</summary>
    /// <param name="route">The gateway, and this host's address: requests are sent from it, and ports of it are mapped.</param>
    /// <param name="channels">Where its socket comes from.</param>
    /// <param name="time">The clock.</param>
    /// <param name="refused">Told of forged answers, once, by any thread; must be quick. Null for nobody.</param>
    public NatPmpClient(GatewayRoute route, IDatagramChannelFactory channels, TimeProvider time, Action<RefusedAnswer>? refused = null)
    {
        ArgumentNullException.ThrowIfNull(route);
        ArgumentNullException.ThrowIfNull(time);
        _gateway = new IPEndPoint(route.Gateway, NatPmpConstants.GatewayPort);
        _time = time;
        _session = new NatPmpSession(route.Gateway);
        _link = new GatewayLink<NatPmpRequest, NatPmpResponse>(
            _session, _gateway, route.LocalAddress, channels, time, NatPmpConstants.MaxMessageLength, new RefusalLog(route.Gateway, refused));
    }

    /// <summary>Where its requests go.</summary>
    internal IPEndPoint GatewayEndPoint => _gateway;

    /// <summary>How often the gateway's answers have shown that it lost its mappings since the answer before (RFC 6886 §3.6).</summary>
    public int StateLossCount => Volatile.Read(ref _stateLossCount);

    /// <summary>Asks for the gateway's external address.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="maxTries">How often to send at most.</param>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    public async Task<GatewayAnswer> GetExternalAddressAsync(CancellationToken cancellationToken, int maxTries = NatPmpConstants.MaxTries)
    {
        ExchangeOutcome<NatPmpResponse> outcome = await ExchangeAsync(NatPmpRequest.ExternalAddress(), maxTries, cancellationToken).ConfigureAwait(false);
        NatPmpResponse response = NatPmpErrors.Require(outcome, _gateway);
        IPAddress address = response.ExternalAddress ?? throw PortMappingErrors.Malformed(_gateway, "no address");
        TimeSpan age = TimeSpan.FromSeconds(response.EpochSeconds ?? 0);
        return new GatewayAnswer(PortMappingMethod.NatPmp, address, age, outcome.Elapsed, outcome.Tries);
    }

    /// <summary>Makes or renews a mapping. The gateway may grant another port and a shorter lifetime.</summary>
    /// <param name="request">What to map.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="maxTries">How often to send at most.</param>
    /// <exception cref="ArgumentOutOfRangeException">A port or the lifetime cannot be written in the protocol.</exception>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    public async Task<PortMapping> MapAsync(
        PortMappingRequest request, CancellationToken cancellationToken, int maxTries = NatPmpConstants.MaxTries)
    {
        ArgumentNullException.ThrowIfNull(request);
        (ushort internalPort, ushort external, uint lifetime) = request.Numbers();
        NatPmpRequest message = NatPmpRequest.Map(Opcode(request.Protocol), internalPort, external, lifetime);
        ExchangeOutcome<NatPmpResponse> outcome = await ExchangeAsync(message, maxTries, cancellationToken).ConfigureAwait(false);
        NatPmpResponse response = NatPmpErrors.Require(outcome, _gateway);
        if (response.ExternalPort == 0) throw PortMappingErrors.Malformed(_gateway, "external port 0");
        return new PortMapping(
            PortMappingMethod.NatPmp,
            _gateway.Address,
            request.Protocol,
            internalPort,
            response.ExternalPort,
            TimeSpan.FromSeconds(response.LifetimeSeconds),
            _time.GetUtcNow());
    }

    /// <summary>Ends a mapping of this host; one that does not exist is no error (RFC 6886 §3.4).</summary>
    /// <param name="protocol">UDP or TCP.</param>
    /// <param name="internalPort">The port on this host.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="maxTries">How often to send at most.</param>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    public async Task DeleteAsync(
        PortMappingProtocol protocol, int internalPort, CancellationToken cancellationToken, int maxTries = NatPmpConstants.MaxTries)
    {
        NatPmpRequest message = NatPmpRequest.Delete(Opcode(protocol), PortMappingRequest.InternalPortNumber(internalPort));
        NatPmpErrors.Require(await ExchangeAsync(message, maxTries, cancellationToken).ConfigureAwait(false), _gateway);
    }

    /// <summary>Whether an announcement with this epoch means that the gateway lost its mappings (RFC 6886 §3.6).</summary>
    internal bool AnnouncesLoss(uint epochSeconds) => _link.Inspect(now => _session.AnnouncesLoss(now, epochSeconds));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _link.DisposeAsync();

    private static NatPmpOpcode Opcode(PortMappingProtocol protocol) =>
        protocol == PortMappingProtocol.Tcp ? NatPmpOpcode.MapTcp : NatPmpOpcode.MapUdp;

    private async Task<ExchangeOutcome<NatPmpResponse>> ExchangeAsync(NatPmpRequest request, int maxTries, CancellationToken cancellationToken)
    {
        ExchangeOutcome<NatPmpResponse> outcome = await _link.ExchangeAsync(request, maxTries, cancellationToken).ConfigureAwait(false);
        if (!outcome.GatewayLostState) return outcome;
        Interlocked.Increment(ref _stateLossCount);
        PortMappingLog.Instance.StateLost(_gateway.Address.ToString(), outcome.Response?.EpochSeconds ?? 0);
        return outcome;
    }
}
