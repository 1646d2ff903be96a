using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// Speaks NAT-PMP (RFC 6886) with one gateway: single operations, one at a time, each ended by an answer, by the gateway's
/// refusal, or by the caller. Keeps no mapping alive; <see cref="MappingKeeper"/> does. Thread-safe.
/// </summary>
public sealed class NatPmpClient : IAsyncDisposable
{
    private const uint FreshEpochSeconds = 2;

    private readonly IPEndPoint _gateway;
    private readonly IDatagramChannelFactory _channels;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly NatPmpSession _session;
    private readonly Lock _epochGate = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly byte[] _buffer = new byte[NatPmpConstants.MaxMessageLength];
    private IDatagramChannel? _channel;
    private int _stateLossCount;

    /// <summary>Makes a client; opens no socket yet.</summary>
    /// <param name="gateway">The gateway's inner IPv4 address.</param>
    /// <param name="channels">Where its socket comes from.</param>
    /// <param name="time">The clock.</param>
    public NatPmpClient(IPAddress gateway, IDatagramChannelFactory channels, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        ArgumentNullException.ThrowIfNull(time);
        _gateway = new IPEndPoint(gateway, NatPmpConstants.GatewayPort);
        _channels = channels;
        _time = time;
        _origin = time.GetTimestamp();
        _session = new NatPmpSession(gateway);
    }

    /// <summary>The gateway's address.</summary>
    public IPAddress Gateway => _gateway.Address;

    /// <summary>
    /// How often a request is sent when the call does not say. 9 takes 128 s and ends in <see cref="BtmmErrorReason.PortMappingUnsupported"/>;
    /// fewer end in <see cref="BtmmErrorReason.Timeout"/> after 0.25 s × (2^n − 1).
    /// </summary>
    public int MaxTries { get; init; } = NatPmpConstants.MaxTries;

    /// <summary>How often the gateway's answers have shown that it lost its mappings since the answer before (RFC 6886 §3.6).</summary>
    public int StateLossCount => Volatile.Read(ref _stateLossCount);

    /// <summary>Asks for the gateway's external address.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="maxTries">How often to send; by default <see cref="MaxTries"/>.</param>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    public async Task<GatewayAnswer> GetExternalAddressAsync(CancellationToken cancellationToken, int? maxTries = null)
    {
        NatPmpOutcome outcome = await ExchangeAsync(NatPmpRequest.ExternalAddress(), maxTries, cancellationToken).ConfigureAwait(false);
        NatPmpResponse response = NatPmpErrors.Require(outcome, _gateway);
        IPAddress address = response.ExternalAddress ?? throw NatPmpErrors.Malformed(_gateway, "no address");
        TimeSpan age = TimeSpan.FromSeconds(response.EpochSeconds ?? 0);
        return new GatewayAnswer(PortMappingMethod.NatPmp, address, age, outcome.Elapsed, outcome.Tries);
    }

    /// <summary>Makes or renews a mapping. The gateway may grant another port and a shorter lifetime.</summary>
    /// <param name="request">What to map.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="maxTries">How often to send; by default <see cref="MaxTries"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A port or the lifetime cannot be written in the protocol.</exception>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    public async Task<PortMapping> MapAsync(
        PortMappingRequest request, CancellationToken cancellationToken, int? maxTries = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        ushort internalPort = InternalPort(request.InternalPort);
        ArgumentOutOfRangeException.ThrowIfNegative(request.SuggestedExternalPort);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(request.SuggestedExternalPort, ushort.MaxValue);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Lifetime, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(request.Lifetime, TimeSpan.FromSeconds(uint.MaxValue));
        NatPmpRequest message = NatPmpRequest.Map(
            Opcode(request.Protocol), internalPort, (ushort)request.SuggestedExternalPort, (uint)request.Lifetime.TotalSeconds);
        NatPmpOutcome outcome = await ExchangeAsync(message, maxTries, cancellationToken).ConfigureAwait(false);
        NatPmpResponse response = NatPmpErrors.Require(outcome, _gateway);
        if (response.ExternalPort == 0) throw NatPmpErrors.Malformed(_gateway, "external port 0");
        return new PortMapping(
            PortMappingMethod.NatPmp,
            Gateway,
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
    /// <param name="maxTries">How often to send; by default <see cref="MaxTries"/>.</param>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    public async Task DeleteAsync(
        PortMappingProtocol protocol, int internalPort, CancellationToken cancellationToken, int? maxTries = null)
    {
        NatPmpRequest message = NatPmpRequest.Delete(Opcode(protocol), InternalPort(internalPort));
        NatPmpErrors.Require(await ExchangeAsync(message, maxTries, cancellationToken).ConfigureAwait(false), _gateway);
    }

    /// <summary>
    /// Whether an announcement with this epoch means that the gateway lost its mappings. One that has only just begun did, even
    /// when the rule of RFC 6886 §3.6 does not show it because it had not run for long before.
    /// </summary>
    internal bool AnnouncesLoss(uint epochSeconds)
    {
        if (epochSeconds <= FreshEpochSeconds) return true;
        lock (_epochGate) return _session.AnnouncesLoss(Now(), epochSeconds);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_channel is not null) await _channel.DisposeAsync().ConfigureAwait(false);
        _turn.Dispose();
    }

    private static NatPmpOpcode Opcode(PortMappingProtocol protocol) =>
        protocol == PortMappingProtocol.Tcp ? NatPmpOpcode.MapTcp : NatPmpOpcode.MapUdp;

    /// <summary>Port 0 would delete every mapping of this host (RFC 6886 §3.4), so it is not let through.</summary>
    private static ushort InternalPort(int port)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        return (ushort)port;
    }

    private TimeSpan Now() => _time.GetElapsedTime(_origin);

    private async Task<NatPmpOutcome> ExchangeAsync(NatPmpRequest request, int? maxTries, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            IDatagramChannel channel = _channel ??= _channels.Open(
                new DatagramChannelOptions(new IPEndPoint(IPAddress.Any, 0), Connect: _gateway));
            _session.TryStart(Now(), request, maxTries ?? MaxTries);
            while (true)
            {
                if (_session.TryTakeOutput(_buffer, out int length))
                    await channel.SendAsync(_buffer.AsMemory(0, length), _gateway, cancellationToken).ConfigureAwait(false);
                if (_session.TryTakeOutcome(out NatPmpOutcome outcome)) return Note(outcome);
                await AwaitProgressAsync(channel, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (SocketException e)
        {
            await ForgetChannelAsync().ConfigureAwait(false);
            throw NatPmpErrors.Unreachable(_gateway, e);
        }
        catch (OperationCanceledException)
        {
            // The answer may still come; a new socket makes sure that it does not pass for the answer to a later request.
            await ForgetChannelAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            _session.Abandon();
            _turn.Release();
        }
    }

    private NatPmpOutcome Note(NatPmpOutcome outcome)
    {
        if (outcome.GatewayLostState) Interlocked.Increment(ref _stateLossCount);
        return outcome;
    }

    /// <summary>Waits for a datagram, for ICMP or for the session's timer, whichever is first.</summary>
    private async Task AwaitProgressAsync(IDatagramChannel channel, CancellationToken cancellationToken)
    {
        TimeSpan wait = (_session.NextTimeout ?? TimeSpan.Zero) - Now();
        if (wait <= TimeSpan.Zero)
        {
            _session.HandleTimeout(Now());
            return;
        }

        using CancellationTokenSource timer = new(wait, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            ReceivedDatagram received = await channel.ReceiveAsync(_buffer, either.Token).ConfigureAwait(false);
            lock (_epochGate) _session.HandleDatagram(Now(), received.Remote, _buffer.AsSpan(0, received.Length));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _session.HandleTimeout(Now());
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
        {
            _session.HandlePortUnreachable(Now());
        }
    }

    private async Task ForgetChannelAsync()
    {
        if (_channel is null) return;
        await _channel.DisposeAsync().ConfigureAwait(false);
        _channel = null;
    }
}
