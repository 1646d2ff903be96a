using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Dns;

/// <summary>
/// Where one account's zone is served, found at first need and kept until it turns out to be wrong. Thread-safe.
/// </summary>
/// <remarks>The finding survives a change of network: a zone's servers do not depend on it, and a roaming host is in a hurry.</remarks>
public sealed class ZoneLocator : IDisposable
{
    private readonly ZoneServerFinder _finder;
    private readonly IReadOnlyList<ZoneServer> _servers;
    private readonly AccountAuthority? _authority;
    private readonly SemaphoreSlim _gate = new(1);
    private bool _usedTls;
    private volatile ZoneServers? _found;

    /// <summary>Makes a locator.</summary>
    /// <param name="domain">The account's domain.</param>
    /// <param name="servers">Configured servers; empty to find them.</param>
    /// <param name="key">The account's key; it stays its owner's.</param>
    /// <param name="finder">Does the search.</param>
    /// <param name="authority">The account's authority, by which its TLS servers are believed; null for none; it stays its owner's.</param>
    public ZoneLocator(DnsName domain, IReadOnlyList<ZoneServer> servers, TsigKey? key, ZoneServerFinder finder, AccountAuthority? authority = null)
    {
        _authority = authority;
        Domain = domain;
        Key = key;
        _servers = servers;
        _finder = finder;
    }

    /// <summary>The account's domain.</summary>
    public DnsName Domain { get; }

    /// <summary>The key that signs what is said to the zone's servers.</summary>
    public TsigKey? Key { get; }

    /// <summary>The servers, searched for when they are not known.</summary>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="BtmmException">They cannot be found.</exception>
    public async ValueTask<ZoneServers> GetAsync(CancellationToken cancellationToken = default)
    {
        if (_found is { } found) return found;
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _found ??= Accept(await _finder.FindAsync(Domain, _servers, Key, _authority, cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The servers, searched for again if that is asked for: the zone may offer more than it did.</summary>
    /// <param name="afresh">Whether to search although they are known.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="BtmmException">They cannot be found.</exception>
    public ValueTask<ZoneServers> GetAsync(bool afresh, CancellationToken cancellationToken)
    {
        if (afresh) _found = null;
        return GetAsync(cancellationToken);
    }

    /// <summary>Forgets what was found if an error says that it may be wrong, so that the next search is a real one.</summary>
    /// <param name="error">What went wrong with a server found.</param>
    public void Report(BtmmException error)
    {
        if (error.Reason is BtmmErrorReason.Timeout or BtmmErrorReason.Unreachable or BtmmErrorReason.OutOfZone
            or BtmmErrorReason.TlsUnavailable or BtmmErrorReason.TlsUnknownAuthority or BtmmErrorReason.TlsWrongName)
            _found = null;
    }

    // With a key the zone's servers sign whether they offer TLS; without one, a zone that offered it goes on doing so.
    private ZoneServers Accept(ZoneServers found)
    {
        if (_usedTls && !found.UsesTls && Key is null)
        {
            throw new BtmmException(
                BtmmErrorReason.TlsUnavailable,
                $"The zone {found.Zone} offered TLS before and does not any more: somebody may be in between.",
                "If TLS was switched off on purpose, start this program again.");
        }

        _usedTls |= found.UsesTls;
        return found;
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();
}
