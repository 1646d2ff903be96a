using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>
/// One attempt at a mapping: asks, gives way to the gateway's limits (permanent leases only, the same port on both sides, ports
/// that are taken), and looks at what came of it. Used once, by one task.
/// </summary>
/// <param name="connection">The service.</param>
/// <param name="host">This host's address.</param>
/// <param name="request">What is wanted.</param>
/// <param name="held">The mapping that is to be renewed; null for a new one.</param>
/// <param name="mayExist">Whether the attempt before ended without an answer, so that the gateway may have made one.</param>
/// <param name="random">Chooses other ports.</param>
/// <param name="time">The clock.</param>
internal sealed class IgdMappingAttempt(
    IgdConnection connection, IPAddress host, PortMappingRequest request, PortMapping? held, bool mayExist,
    IRandomSource random, TimeProvider time)
{
    /// <summary>How many external ports are tried.</summary>
    private const int MaxPorts = 8;

    /// <summary>Other ports are taken from here up: below are services, and many gateways refuse those.</summary>
    private const int LowestOtherPort = 10_000;

    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(IgdMade.SlackSeconds);

    /// <summary>Some gateways list a mapping a moment after they said it was made.</summary>
    private static readonly TimeSpan s_secondLook = TimeSpan.FromMilliseconds(300);

    private readonly IgdClient _client = connection.Client;
    private readonly string _type = connection.Client.Service.ServiceType;
    private readonly IgdTransport _transport = Transport(request.Protocol);
    private readonly ushort _internalPort = (ushort)request.InternalPort;
    private int _highestOtherPort = ushort.MaxValue;
    private int _code = IgdError.ConflictInMappingEntry;
    private bool _samePortOnly;

    /// <summary>Makes or renews the mapping, and looks at it.</summary>
    /// <exception cref="BtmmException">The gateway does not make it.</exception>
    internal async Task<IgdMade> RunAsync(CancellationToken cancellationToken)
    {
        ushort port = request.SuggestedExternalPort == 0 ? _internalPort : (ushort)request.SuggestedExternalPort;
        int first = port;
        if (mayExist) await ClearAsync(port, cancellationToken).ConfigureAwait(false);
        if (held is null && !request.PreferFailure && connection.CanAddAny
            && await TryAnyAsync(port, cancellationToken).ConfigureAwait(false) is { } any)
        {
            return any;
        }

        for (int tries = 0; tries < MaxPorts; tries++)
        {
            IgdError? error = await TakeAsync(port, cancellationToken).ConfigureAwait(false);
            if (error is null && await LookAsync(port, cancellationToken).ConfigureAwait(false) is { } made) return made;
            if (error is { } told) Learn(told, port);
            if (request.PreferFailure || (_samePortOnly && port == _internalPort)) break;
            port = _samePortOnly ? _internalPort : OtherPort();
        }

        throw PortMappingErrors.Conflict(_client.Endpoint, _samePortOnly ? _internalPort : first, code: _code);
    }

    /// <summary>Takes from an error what it says about ports that can be had; throws when it is about something else.</summary>
    private void Learn(IgdError error, ushort port)
    {
        _code = error.Code;
        switch (error.Kind)
        {
            case IgdErrorKind.Conflict:
                return;
            case IgdErrorKind.SamePortOnly when port != _internalPort:
                _samePortOnly = true;
                return;
            case IgdErrorKind.InvalidArguments when port > short.MaxValue:
                _highestOtherPort = short.MaxValue; // There are gateways with signed numbers in them.
                return;
            default:
                throw IgdErrors.Refused(_client.Endpoint, error);
        }
    }

    /// <summary>What the gateway's own pages show of a mapping, and by which it is known again.</summary>
    internal static string Describe(PortMappingProtocol protocol, int internalPort) => string.Create(
        CultureInfo.InvariantCulture, $"btmm {internalPort} {(protocol == PortMappingProtocol.Tcp ? "TCP" : "UDP")}");

    internal static IgdTransport Transport(PortMappingProtocol protocol) =>
        protocol == PortMappingProtocol.Tcp ? IgdTransport.Tcp : IgdTransport.Udp;

    private uint Lease() =>
        connection.IsPermanentOnly ? 0 : (uint)Math.Min(request.Lifetime.TotalSeconds, IgdConstants.MaxLeaseSeconds);

    private IgdMapping Mapping(ushort port) => new(
        _transport, port, host, _internalPort, Describe(request.Protocol, _internalPort), Lease());

    /// <summary>
    /// Lets the gateway choose another port where the one wanted is taken. Whatever else is wrong, AddPortMapping tells better:
    /// miniupnpd calls it "no port free" here when none is allowed. Only a mapping that is new is made so: each call may make one more.
    /// </summary>
    private async Task<IgdMade?> TryAnyAsync(ushort port, CancellationToken cancellationToken)
    {
        IgdAnswer answer = await _client
            .ChangeAsync(IgdRequest.AddAnyPortMapping(_type, Mapping(port)), cancellationToken).ConfigureAwait(false);
        if (answer.Error is not { } error)
        {
            ushort given = answer.Port("NewReservedPort") ?? await FindAnyAsync(port, cancellationToken).ConfigureAwait(false);
            return await LookAsync(given, cancellationToken).ConfigureAwait(false);
        }

        if (error.Kind == IgdErrorKind.NotAuthorized) throw IgdErrors.Refused(_client.Endpoint, error);
        if (error.Kind == IgdErrorKind.UnknownAction) connection.CanAddAny = false;
        return null;
    }

    /// <summary>Ends what an attempt before may have left on other ports: there must not be two. What is on the port wanted is renewed.</summary>
    private async Task ClearAsync(ushort wanted, CancellationToken cancellationToken)
    {
        IReadOnlyList<ushort> left = await _client.ListAsync(_transport, host, _internalPort, cancellationToken).ConfigureAwait(false);
        foreach (ushort port in left.Where(port => port != wanted))
            await _client.ChangeAsync(IgdRequest.DeletePortMapping(_type, _transport, port), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The port that a gateway gave without naming it: the one wanted, unless its list shows another.</summary>
    private async Task<ushort> FindAnyAsync(ushort wanted, CancellationToken cancellationToken)
    {
        IReadOnlyList<ushort> given = await _client.ListAsync(_transport, host, _internalPort, cancellationToken).ConfigureAwait(false);
        return given.Count == 0 || given.Contains(wanted) ? wanted : given[0];
    }

    /// <summary>Asks for just this port; where an old mapping of this very host is in the way, in its place.</summary>
    private async Task<IgdError?> TakeAsync(ushort port, CancellationToken cancellationToken)
    {
        IgdError? error = await AddAsync(port, cancellationToken).ConfigureAwait(false);
        if (error is not { Kind: IgdErrorKind.Conflict }) return error;
        IgdLookup old = await _client.FindAsync(_transport, port, cancellationToken).ConfigureAwait(false);
        return old.LeadsTo(host, _internalPort) ? await ReplaceAsync(port, cancellationToken).ConfigureAwait(false) : error;
    }

    private async Task<IgdError?> AddAsync(ushort port, CancellationToken cancellationToken)
    {
        IgdAnswer answer = await _client
            .ChangeAsync(IgdRequest.AddPortMapping(_type, Mapping(port)), cancellationToken).ConfigureAwait(false);
        if (connection.IsPermanentOnly || answer.Error is not { Kind: IgdErrorKind.PermanentOnly or IgdErrorKind.InvalidArguments })
            return answer.Error;

        // Error 725 says it; others of that kind say 402 to any lease but 0.
        connection.IsPermanentOnly = true;
        IgdError? error = await AddAsync(port, cancellationToken).ConfigureAwait(false);
        connection.IsPermanentOnly = error is null or { Kind: IgdErrorKind.Conflict or IgdErrorKind.SamePortOnly };
        return error;
    }

    private async Task<IgdError?> ReplaceAsync(ushort port, CancellationToken cancellationToken)
    {
        IgdAnswer gone = await _client
            .ChangeAsync(IgdRequest.DeletePortMapping(_type, _transport, port), cancellationToken).ConfigureAwait(false);
        return gone.Error is { Kind: not IgdErrorKind.NoSuchEntry } error
            ? error
            : await AddAsync(port, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Looks at what the gateway made; null when the port leads to somebody else. A renewal that did not extend the lease (some
    /// gateways answer well and change nothing) is made anew.
    /// </summary>
    private async Task<IgdMade?> LookAsync(ushort port, CancellationToken cancellationToken)
    {
        IgdLookup found = await FindAsync(port, cancellationToken).ConfigureAwait(false);
        if (IsUnextended(found.Entry) && found.LeadsTo(host, _internalPort))
        {
            if (await ReplaceAsync(port, cancellationToken).ConfigureAwait(false) is { } error)
                throw IgdErrors.Refused(_client.Endpoint, error);
            found = await FindAsync(port, cancellationToken).ConfigureAwait(false);
        }

        if (found.Entry is null || found.LeadsTo(host, _internalPort)) return new IgdMade(port, found.Entry, Lease());
        return null;
    }

    private async Task<IgdLookup> FindAsync(ushort port, CancellationToken cancellationToken)
    {
        IgdLookup found = await _client.FindAsync(_transport, port, cancellationToken).ConfigureAwait(false);
        if (!found.IsMissing) return found;
        await Task.Delay(s_secondLook, time, cancellationToken).ConfigureAwait(false);
        found = await _client.FindAsync(_transport, port, cancellationToken).ConfigureAwait(false);
        return found.IsMissing
            ? throw IgdErrors.Malformed(_client.Endpoint, $"said that it mapped port {port}, but has no such mapping")
            : found;
    }

    private bool IsUnextended(IgdMappingEntry? entry)
    {
        if (held is null || held.IsPermanent || entry?.LeaseSeconds is null or 0) return false;
        TimeSpan lease = TimeSpan.FromSeconds(entry.LeaseSeconds.Value);
        bool asked = lease + s_slack >= TimeSpan.FromSeconds(Lease());
        return !asked && time.GetUtcNow() + lease <= held.ExpiresAt + s_slack;
    }

    private ushort OtherPort()
    {
        Span<byte> bytes = stackalloc byte[4];
        random.Fill(bytes);
        uint range = (uint)(_highestOtherPort - LowestOtherPort + 1);
        return (ushort)(LowestOtherPort + (BinaryPrimitives.ReadUInt32BigEndian(bytes) % range));
    }
}
