using System.Net;

namespace Btmm.Protocol.Ike;

/// <summary>
/// Says who may build a tunnel with this host (the peer authorization database of RFC 7296 §2.9 and RFC 4301 §4.4.3).
/// Called on the thread that drives the <see cref="IkeEndpoint"/>; must not block.
/// </summary>
public interface IIkePolicy
{
    /// <summary>
    /// Finds the pre-shared key of an identity (a lower-case host name without final dot). False when the identity does
    /// not belong to the account; the exchange then fails exactly as with a wrong key.
    /// </summary>
    bool TryGetPreSharedKey(string identity, out ReadOnlyMemory<byte> preSharedKey);

    /// <summary>
    /// Whether an authenticated peer may use <paramref name="identifier"/> as its traffic selector. Asked only for
    /// unique local addresses that are not this host's own.
    /// </summary>
    bool IsIdentifierAllowed(string identity, IPAddress identifier);
}
