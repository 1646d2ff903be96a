using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>
/// Maps ports by UPnP's Internet Gateway Device, version 1 or 2 (RFC 6970 for its terms), and hears the gateway's announcements.
/// Talks to the gateway's own inner address only; nothing that answers a search can send it elsewhere. Thread-safe.
/// </summary>
public sealed class IgdPortMapper : IPortMapper
{
    private readonly GatewayRoute _route;
    private readonly PortMapperServices _services;
    private readonly GatewayMemory _memory;
    private readonly IgdRefusals _refusals;
    private readonly IgdHttpClient _http;
    private readonly IgdDiscovery _discovery;
    private readonly IgdNoticeListener _listener;
    private readonly Turn _turn = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Dictionary<(PortMappingProtocol Protocol, int InternalPort), PortMapping> _held = [];
    private readonly Dictionary<(PortMappingProtocol Protocol, int InternalPort), PortMapping> _former = [];
    private readonly HashSet<(PortMappingProtocol Protocol, int InternalPort)> _unsure = [];
    private volatile IgdConnection? _connection;
    private TimeSpan? _uptime;
    private int _stateLossCount;
    private bool _isRecalled;

    /// <summary>Makes a mapper for a gateway and begins to listen for its announcements; asks nothing yet.</summary>
    /// <param name="route">The gateway; its inner address is the only one talked to.</param>
    /// <param name="services">Sockets, clock and memory.</param>
    public IgdPortMapper(GatewayRoute route, PortMapperServices services)
    {
        ArgumentNullException.ThrowIfNull(route);
        ArgumentNullException.ThrowIfNull(services);
        _route = route;
        _services = services;
        _memory = services.MemoryOf(route);
        _refusals = new IgdRefusals(new RefusalLog(route.Gateway, services.Refused));
        _http = new IgdHttpClient(route.Gateway, services.Streams, services.Time, _refusals);
        _discovery = new IgdDiscovery(route, services.Channels, _http, services.Time, _refusals);
        _listener = new IgdNoticeListener(route, services.Channels, services.Time);
    }

    /// <inheritdoc/>
    public int StateLossCount => Volatile.Read(ref _stateLossCount);

    /// <inheritdoc/>
    public ChannelReader<GatewayAnnouncement> Announcements => _listener.Announcements;

    /// <summary>What the gateway says about itself (name, maker, model); null while nothing was found.</summary>
    public IgdDescription? Description => _connection?.Description;

    /// <summary>The service that is used; null while nothing was found.</summary>
    public IgdService? Service => _connection?.Client.Service;

    /// <summary>How many answers were refused: they point elsewhere, come from somebody else, or cannot be read.</summary>
    public int RefusedAnswers => _refusals.Count;

    /// <summary>What was refused, each different thing once, the first few.</summary>
    public IReadOnlyList<string> Refusals => _refusals.Told;

    private IPEndPoint Search => new(_route.Gateway, IgdConstants.SsdpPort);

    /// <inheritdoc/>
    public Task<GatewayAnswer> QueryAsync(ExchangeEffort effort, CancellationToken cancellationToken) =>
        RunAsync("a UPnP query", effort, QueryAsync, cancellationToken);

    /// <inheritdoc/>
    public Task<PortMapping> MapAsync(PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.InternalPort, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(request.InternalPort, ushort.MaxValue);
        ArgumentOutOfRangeException.ThrowIfNegative(request.SuggestedExternalPort);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(request.SuggestedExternalPort, ushort.MaxValue);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Lifetime, TimeSpan.FromSeconds(1));
        return RunAsync("a UPnP mapping", effort, (work, token) => MapAsync(work, request, token), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(PortMapping mapping, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        return RunAsync("the end of a UPnP mapping", effort, (work, token) => DeleteAsync(work, mapping, token), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _turn.Close();
        await _end.CancelAsync().ConfigureAwait(false);
        await _turn.WhenIdleAsync().ConfigureAwait(false);
        await _listener.DisposeAsync().ConfigureAwait(false);
        _http.Dispose();
        _end.Dispose();
    }

    /// <summary>
    /// What the process before had mapped, and what may still be there: to be renewed, not to be made a second time. Whether it is
    /// there tells nothing of the gateway until it was renewed: another process may hold it, and release it. With the first operation,
    /// because the memory may fail.
    /// </summary>
    private void Recall()
    {
        if (_isRecalled) return;
        foreach (PortMapping mapping in _memory.Mappings)
        {
            if (mapping.Method == PortMappingMethod.Igd && mapping.ExternalPort != 0 && mapping.Lifetime > TimeSpan.Zero)
                _former[(mapping.Protocol, mapping.InternalPort)] = mapping;
        }

        _isRecalled = true;
    }

    /// <summary>
    /// Runs an operation on the service that was found, or searches for one first. When it has moved (another port after a restart,
    /// as a rule), it is searched for once more.
    /// </summary>
    private Task<T> RunAsync<T>(
        string what, ExchangeEffort effort, Func<Work, CancellationToken, Task<T>> operation, CancellationToken cancellationToken) =>
        _turn.RunAsync(() => RunInTurnAsync(what, effort, operation, cancellationToken), cancellationToken);

    private async Task<T> RunInTurnAsync<T>(
        string what, ExchangeEffort effort, Func<Work, CancellationToken, Task<T>> operation, CancellationToken cancellationToken)
    {
        using CancellationTokenSource timer = new(IgdLimits.Operation(effort), _services.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token, _end.Token);
        try
        {
            Recall();
            long start = _services.Time.GetTimestamp();
            if (_connection is { } known)
            {
                try
                {
                    return await operation(new Work(known, start, 1, IsFresh: false), either.Token).ConfigureAwait(false);
                }
                catch (BtmmException e) when (e.Reason == BtmmErrorReason.Unreachable)
                {
                    _connection = null;
                }
            }

            if (_route.Gateway.AddressFamily != AddressFamily.InterNetwork)
                throw PortMappingErrors.Unsupported(PortMappingMethod.Igd, Search, "is reached by IPv6, and UPnP maps ports of IPv4");
            if (!IgdScope.Includes(_route)) throw IgdScope.Outside(_route);
            _connection = await FindAsync(effort, either.Token).ConfigureAwait(false);
            return await operation(new Work(_connection, start, _discovery.Rounds, IsFresh: true), either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            ObjectDisposedException.ThrowIf(_end.IsCancellationRequested, this);
            throw IgdErrors.TimedOut(Search, what);
        }
    }

    private async Task<IgdConnection> FindAsync(ExchangeEffort effort, CancellationToken cancellationToken)
    {
        _listener.NoteMissed();

        // What it says by itself is newer than what it said to the process before.
        string? remembered = _listener.Location ?? _memory.Description;
        IgdConnection found = await _discovery.FindAsync(remembered, effort, cancellationToken).ConfigureAwait(false);
        _listener.NoteFound(found.BootId);
        return found;
    }

    private async Task<GatewayAnswer> QueryAsync(Work work, CancellationToken cancellationToken)
    {
        IgdConnection connection = work.Connection;
        if (!work.IsFresh) connection = await RefreshAsync(connection, cancellationToken).ConfigureAwait(false);
        await NoteLossesAsync(connection, cancellationToken).ConfigureAwait(false);
        IgdClient client = connection.Client;
        if (connection.Address.Error is { Kind: not IgdErrorKind.Failed } error) throw IgdErrors.Refused(client.Endpoint, error);
        if (!connection.Address.IsUsable) throw IgdErrors.NoAddress(client.Endpoint, connection.Address.Said);
        return new GatewayAnswer(
            PortMappingMethod.Igd,
            connection.Address.Address,
            connection.Status.Uptime,
            _services.Time.GetElapsedTime(work.Start),
            work.Tries)
        { Detail = connection.Detail };
    }

    /// <summary>Asks a known service again for what may have changed.</summary>
    private async Task<IgdConnection> RefreshAsync(IgdConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            IgdStatus status = await connection.Client.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            IgdAddress address = await connection.Client.GetAddressAsync(cancellationToken).ConfigureAwait(false);
            return _connection = connection with { Status = status, Address = address };
        }
        catch (BtmmException e) when (e.Reason != BtmmErrorReason.Unreachable)
        {
            _connection = null; // The next operation searches: something else may be on that port now.
            throw;
        }
    }

    /// <summary>Notices that the gateway lost its mappings: its uptime went back, or one of them is gone before its time.</summary>
    private async Task NoteLossesAsync(IgdConnection connection, CancellationToken cancellationToken)
    {
        bool lost = connection.Status.Uptime < _uptime;
        _uptime = connection.Status.Uptime ?? _uptime;
        foreach (((PortMappingProtocol protocol, int port) key, PortMapping mapping) in _held.ToArray())
        {
            if (mapping.IsPermanent || _services.Time.GetUtcNow() < mapping.ExpiresAt)
            {
                IgdLookup found = await connection.Client
                    .FindAsync(IgdMappingAttempt.Transport(key.protocol), (ushort)mapping.ExternalPort, cancellationToken).ConfigureAwait(false);
                bool gone = found.IsMissing || (found.Entry is not null && !found.LeadsTo(_route.LocalAddress, key.port));
                if (!gone) continue;
                lost = true;
            }

            _held.Remove(key);
        }

        if (!lost) return;
        Interlocked.Increment(ref _stateLossCount);
        PortMappingLog.Instance.UpnpStateLost(_route.Gateway.ToString(), (uint)(_uptime?.TotalSeconds ?? 0));
    }

    private async Task<PortMapping> MapAsync(Work work, PortMappingRequest request, CancellationToken cancellationToken)
    {
        IgdConnection connection = work.Connection;
        (PortMappingProtocol, int) key = (request.Protocol, request.InternalPort);
        await ClearFormerAddressAsync(work, key, cancellationToken).ConfigureAwait(false);
        PortMapping? held = _held.GetValueOrDefault(key) ?? _former.GetValueOrDefault(key);
        if (held?.ExternalPort != request.SuggestedExternalPort) held = null; // Then it is not a renewal.

        IgdMade made = await AttemptAsync(connection, key, request, held, cancellationToken).ConfigureAwait(false);
        PortMapping mapping = new(
            PortMappingMethod.Igd,
            _route.Gateway,
            request.Protocol,
            request.InternalPort,
            made.ExternalPort,
            made.Lease ?? request.Lifetime,
            _services.Time.GetUtcNow())
        {
            ExternalAddress = connection.Address.IsUsable ? connection.Address.Address : null,
            InternalAddress = _route.LocalAddress,
            IsPermanent = made.IsPermanent(connection.Client.Service.Version),
        };
        _held[key] = mapping;
        _former.Remove(key);
        _memory.NoteDescription(connection.Location.ToString());
        return mapping;
    }

    private async Task<IgdMade> AttemptAsync(
        IgdConnection connection, (PortMappingProtocol, int) key, PortMappingRequest request, PortMapping? held, CancellationToken cancellationToken)
    {
        // When the answer is lost, the gateway may have made it, on a port that it did not get to tell.
        bool mayExist = !_unsure.Add(key);
        IgdMappingAttempt attempt = new(connection, _route.LocalAddress, request, held, mayExist, _services.Random, _services.Time);
        try
        {
            IgdMade made = await attempt.RunAsync(cancellationToken).ConfigureAwait(false);
            _unsure.Remove(key);
            return made;
        }
        catch (BtmmException e) when (e.Reason is not (BtmmErrorReason.Timeout or BtmmErrorReason.Unreachable or BtmmErrorReason.MalformedReply))
        {
            _unsure.Remove(key); // It said no.
            throw;
        }
    }

    /// <summary>
    /// Ends what this host had mapped before it got another address here: it leads nowhere, holds the port, and may be permanent.
    /// </summary>
    private async Task ClearFormerAddressAsync(Work work, (PortMappingProtocol, int) key, CancellationToken cancellationToken)
    {
        if (_former.GetValueOrDefault(key) is not { InternalAddress: { } address } former || address.Equals(_route.LocalAddress)) return;
        _former.Remove(key);
        try
        {
            await DeleteAsync(work, former, cancellationToken).ConfigureAwait(false);
        }
        catch (BtmmException e) when (e.Reason is not (BtmmErrorReason.Unreachable or BtmmErrorReason.Timeout))
        {
            return; // Some gateways let only the address itself do that. Then another port is to be had.
        }
    }

    private async Task<bool> DeleteAsync(Work work, PortMapping mapping, CancellationToken cancellationToken)
    {
        _held.Remove((mapping.Protocol, mapping.InternalPort));
        _former.Remove((mapping.Protocol, mapping.InternalPort));
        IgdClient client = work.Connection.Client;
        IgdTransport transport = IgdMappingAttempt.Transport(mapping.Protocol);
        if (mapping.ExternalPort == 0 || mapping.Lifetime == TimeSpan.Zero)
        {
            // It was asked for and perhaps made, but the answer never came.
            IReadOnlyList<ushort> made = await client
                .ListAsync(transport, _route.LocalAddress, mapping.InternalPort, cancellationToken).ConfigureAwait(false);
            foreach (ushort each in made) await DeleteAsync(client, transport, each, cancellationToken).ConfigureAwait(false);
            if (made.Count > 0 || mapping.ExternalPort == 0) return true;
        }

        ushort port = (ushort)mapping.ExternalPort;
        IgdLookup found = await client.FindAsync(transport, port, cancellationToken).ConfigureAwait(false);
        if (found.IsMissing || (found.Entry is not null && !IsOurs(found.Entry, mapping))) return false;
        await DeleteAsync(client, transport, port, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private static async Task DeleteAsync(IgdClient client, IgdTransport transport, ushort port, CancellationToken cancellationToken)
    {
        IgdAnswer answer = await client
            .ChangeAsync(IgdRequest.DeletePortMapping(client.Service.ServiceType, transport, port), cancellationToken).ConfigureAwait(false);
        if (answer.Error is { Kind: not IgdErrorKind.NoSuchEntry } error) throw IgdErrors.Refused(client.Endpoint, error);
    }

    /// <summary>
    /// Whether a mapping is this host's, be it at a former address. The description alone does not tell: that of another host with
    /// the same port reads the same.
    /// </summary>
    private bool IsOurs(IgdMappingEntry entry, PortMapping mapping) => entry.InternalPort == mapping.InternalPort
        && (entry.InternalClient.Equals(_route.LocalAddress)
            || (entry.InternalClient.Equals(mapping.InternalAddress)
                && entry.Description == IgdMappingAttempt.Describe(mapping.Protocol, mapping.InternalPort)));

    /// <summary>What an operation works with.</summary>
    /// <param name="Connection">The service.</param>
    /// <param name="Start">When the operation began.</param>
    /// <param name="Tries">How many rounds of searches it took, or 1.</param>
    /// <param name="IsFresh">Whether the service was found, and asked everything, just now.</param>
    private sealed record Work(IgdConnection Connection, long Start, int Tries, bool IsFresh);
}
