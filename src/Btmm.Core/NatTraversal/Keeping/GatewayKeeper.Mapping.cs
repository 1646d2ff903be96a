using System.Net;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Keeping;

/// <summary>Making, renewing and releasing the mapping.</summary>
internal sealed partial class GatewayKeeper
{
    /// <summary>The end's patience with the gateway.</summary>
    private static readonly TimeSpan s_releaseLimit = TimeSpan.FromSeconds(2);

    /// <summary>A gateway that tells its address only with a mapping is asked for that at each of so many polls.</summary>
    private const int PollsPerConfirmation = 4;

    private MappingLease? _lease;
    private GatewayAnswer? _answerAtMapping;
    private int _lossesAtMapping;
    private TimeSpan _mappedAt;
    private bool _isUnextendable;

    /// <summary>
    /// Whether to map although the gateway tells of no loss: there is no mapping, it is due, somebody doubts it, or the answer is
    /// not what it was when the mapping was made.
    /// </summary>
    private bool IsInDoubt(GatewayAnswer answer)
    {
        if (_lease is null || _inDoubt || Now() >= _lease.RenewAt || IsToConfirm(answer)) return true;
        bool isOtherMethod = answer.Method != _lease.Mapping.Method;
        bool isOtherAddress = answer.ExternalAddress is { } now && _answerAtMapping?.ExternalAddress is { } then && !now.Equals(then);
        return isOtherMethod || isOtherAddress;
    }

    /// <summary>
    /// Whether the mapping is to be asked for again because the address is told with it alone (PCP), and something hinted at a change,
    /// or nothing was heard of it for some polls. A pinhole's address is this host's own.
    /// </summary>
    private bool IsToConfirm(GatewayAnswer answer)
    {
        if (answer.ExternalAddress is not null || _kind == EndpointCandidateKind.Pinhole) return false;
        return Volatile.Read(ref _hints) != _hintsMet || Now() - _mappedAt >= _options.PollInterval * PollsPerConfirmation;
    }

    /// <summary>Makes or renews the mapping, and sees to it that a renewal extends it.</summary>
    private async Task MapAsync(IPortMapper mapper, bool lost, CancellationToken cancellationToken)
    {
        bool wasHeld = IsHeld;
        MappingLease? former = lost ? null : _lease;
        bool isDue = former is not null && Now() >= former.RenewAt && Now() < former.ExpiresAt;
        if (isDue && _isUnextendable)
        {
            await DeleteAsync(mapper, cancellationToken).ConfigureAwait(false);
            former = null;
        }

        bool isConfirmation = Now() < former?.RenewAt && !_inDoubt && _answer?.ExternalAddress is null;
        _lease = await AskAsync(mapper, former, isConfirmation, cancellationToken).ConfigureAwait(false);
        int losses = mapper.StateLossCount; // Of a later one the mapping is a victim.
        if (_lease.DidNotExtend && former is not null)
        {
            await ReplaceAsync(mapper, former, cancellationToken).ConfigureAwait(false);
            losses = mapper.StateLossCount;
        }

        if (Address() is null) // Another method mapped than answered the question, and it tells the address apart from the mapping.
            _answer = await mapper.QueryAsync(ExchangeEffort.Brisk, cancellationToken).ConfigureAwait(false);
        if (Told is { } told && HasPassingCause(told, wasHeld))
        {
            _inDoubt = true;
            throw NoAddressNow();
        }

        _answerAtMapping = _answer;
        _lossesAtMapping = losses;
        _inDoubt = false;
        await JudgeMappingAsync(mapper, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// After a renewal that did not extend the mapping: deletes it and makes it anew, and does so from now on. Where that gives no
    /// more time either, only the end of the mapping makes room for a new one.
    /// </summary>
    private async Task ReplaceAsync(IPortMapper mapper, MappingLease former, CancellationToken cancellationToken)
    {
        if (!former.IsStuck && !_isUnextendable)
        {
            await DeleteAsync(mapper, cancellationToken).ConfigureAwait(false);
            _lease = await AskAsync(mapper, null, false, cancellationToken).ConfigureAwait(false);
            _isUnextendable = _lease.Outlasts(former);
        }

        if (_lease is { } lease && !lease.Outlasts(former)) _lease = lease.UntilItEnds();
    }

    /// <summary>
    /// Asks for the mapping. A renewal is the same request with the granted port suggested (RFC 6886 §3.3), so that a gateway that
    /// forgot it grants it again.
    /// </summary>
    private async Task<MappingLease> AskAsync(
        IPortMapper mapper, MappingLease? former, bool isConfirmation, CancellationToken cancellationToken)
    {
        int suggested = _owner.RememberedPort(_route.Gateway) ?? RecordedPort() ?? _options.PreferredExternalPort ?? _options.InternalPort;
        PortMappingRequest request = new(_options.Protocol, _options.InternalPort, suggested, _options.Lifetime);

        // The first answer may take its time: miniupnpd tries every port before it says that none is allowed.
        ExchangeEffort effort = _lease is null ? ExchangeEffort.Thorough : ExchangeEffort.Brisk;
        TimeSpan askedAt = Now();
        PortMapping mapping = await mapper.MapAsync(request, effort, cancellationToken).ConfigureAwait(false);
        _owner.RememberPort(_route.Gateway, mapping.ExternalPort);
        _mappedAt = askedAt;
        if (former is null) return MappingLease.Make(mapping, askedAt, _options.Lifetime, _random);
        return isConfirmation
            ? former.Confirm(mapping, askedAt, _options.Lifetime, _random)
            : former.Renew(mapping, askedAt, _options.Lifetime, _random);
    }

    /// <summary>Deletes the mapping as well as it can be: what is left of it ends with its lifetime.</summary>
    private async Task DeleteAsync(IPortMapper mapper, CancellationToken cancellationToken)
    {
        if (_lease is null) return;
        PortMapping mapping = _lease.Mapping;
        _lease = null;
        try
        {
            await mapper.DeleteAsync(mapping, ExchangeEffort.Brief, cancellationToken).ConfigureAwait(false);
        }
        catch (BtmmException) when (!cancellationToken.IsCancellationRequested)
        {
            return; // Deletion is advisory (RFC 6886 §3.1); the memory knows of the mapping until the gateway confirms that it is gone.
        }
    }

    /// <summary>The address to which the mapping leads, as the gateway says.</summary>
    private IPAddress? Told => _lease?.Mapping.ExternalAddress ?? _answer?.ExternalAddress;

    /// <summary>A gateway whose mapping leads to an address that is not public is behind another NAT: the mapping is given back.</summary>
    private async Task JudgeMappingAsync(IPortMapper mapper, CancellationToken cancellationToken)
    {
        if (Told is not { } told || !LeadsNowhere(told)) return;
        await DeleteAsync(mapper, cancellationToken).ConfigureAwait(false);
        _answer = _answer is null ? null : _answer with { ExternalAddress = told };
        throw BehindAnotherNat(told);
    }

    /// <summary>Releases every mapping of the port that may exist on the gateway. Returns whether that is confirmed, or nothing was there.</summary>
    private async Task<bool> ReleaseAsync(IPortMapper mapper)
    {
        bool isReleased = TryListOpen(out List<PortMapping> open);
        TimeSpan end = Now() + s_releaseLimit;
        for (int i = 0; i < open.Count; i++)
        {
            // A protocol that is silent must not take the time of the others.
            TimeSpan share = (end - Now()) / (open.Count - i);
            isReleased &= await TryReleaseAsync(mapper, open[i], share).ConfigureAwait(false);
        }

        return isReleased;
    }

    /// <summary>What may be on the gateway, by the lease and by the memory; false when the memory cannot be read.</summary>
    private bool TryListOpen(out List<PortMapping> open)
    {
        open = [];
        if (_lease is { } lease && (lease.Mapping.IsPermanent || Now() < lease.ExpiresAt)) open.Add(lease.Mapping);
        PortMapping? held = open.FirstOrDefault();
        try
        {
            // First what may be of another gateway with this address: while the port is mapped, the deletion shows whether it is this one's.
            open.InsertRange(0, Records().Where(mapping => mapping.Method != held?.Method || mapping.Identity != held.Identity));
            return true;
        }
        catch (BtmmException)
        {
            return false;
        }
    }

    private async Task<bool> TryReleaseAsync(IPortMapper mapper, PortMapping mapping, TimeSpan patience)
    {
        if (patience <= TimeSpan.Zero) return false;
        using CancellationTokenSource limit = new(patience, _time);
        try
        {
            await mapper.DeleteAsync(mapping, ExchangeEffort.Brief, limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is BtmmException or OperationCanceledException)
        {
            return false; // It ends with its lifetime, or the memory has it released at the next start.
        }
    }

    private IReadOnlyList<PortMapping> Records() => _memory?.MappingsOf(_options.Protocol, _options.InternalPort) ?? [];

    /// <summary>The external port of a mapping that a former run made and did not release; null when there is none.</summary>
    private int? RecordedPort() =>
        Records().LastOrDefault(mapping => mapping.Lifetime > TimeSpan.Zero)?.ExternalPort;
}
