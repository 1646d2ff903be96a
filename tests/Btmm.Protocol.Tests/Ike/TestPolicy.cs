using System.Net;
using Btmm.Protocol.Ike;

namespace Btmm.Protocol.Tests.Ike;

/// <summary>Everybody under <c>.test</c> has the one key, unless said otherwise.</summary>
internal sealed class TestPolicy : IIkePolicy
{
    public byte[] Key { get; set; } = IkeWorld.Key;

    public HashSet<string> Unknown { get; } = [];

    public HashSet<IPAddress> Forbidden { get; } = [];

    public bool TryGetPreSharedKey(string identity, out ReadOnlyMemory<byte> preSharedKey)
    {
        bool known = identity.EndsWith(".test", StringComparison.Ordinal) && !Unknown.Contains(identity);
        preSharedKey = known ? Key : ReadOnlyMemory<byte>.Empty;
        return known;
    }

    public bool IsIdentifierAllowed(string identity, IPAddress identifier) => !Forbidden.Contains(identifier);
}
