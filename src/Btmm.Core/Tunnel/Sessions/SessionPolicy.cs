using System.Net;
using Btmm.Protocol.Ike;

namespace Btmm.Core.Tunnel.Sessions;

/// <summary>Who may build a tunnel: the listed peers with their identifiers, and where allowed any host below the account's domain.</summary>
internal sealed class SessionPolicy(ReadOnlyMemory<byte> preSharedKey, string? accountDomain) : IIkePolicy
{
    private readonly string? _suffix = accountDomain is null ? null : "." + Normalize(accountDomain);
    private Dictionary<string, IPAddress> _byName = [];

    public static string Normalize(string name) => name.TrimEnd('.').ToLowerInvariant();

    public void SetPeers(IEnumerable<TunnelPeer> peers)
    {
        Dictionary<string, IPAddress> byName = [];
        foreach (TunnelPeer peer in peers) byName[Normalize(peer.Name)] = peer.Identifier;
        _byName = byName;
    }

    public bool TryGetPreSharedKey(string identity, out ReadOnlyMemory<byte> key)
    {
        bool known = _byName.ContainsKey(identity) || (_suffix is not null && identity.EndsWith(_suffix, StringComparison.Ordinal));
        key = known ? preSharedKey : ReadOnlyMemory<byte>.Empty;
        return known;
    }

    public bool IsIdentifierAllowed(string identity, IPAddress identifier)
    {
        if (_byName.TryGetValue(identity, out IPAddress? expected) && expected.Equals(identifier)) return true;
        if (_suffix is null || !identity.EndsWith(_suffix, StringComparison.Ordinal)) return false;
        foreach ((string name, IPAddress taken) in _byName)
            if (name != identity && taken.Equals(identifier)) return false; // nobody takes another host's identifier
        return true;
    }
}
