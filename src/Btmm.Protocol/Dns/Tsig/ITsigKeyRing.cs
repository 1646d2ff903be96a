namespace Btmm.Protocol.Dns.Tsig;

/// <summary>The keys that a server accepts. Implementations are thread-safe.</summary>
public interface ITsigKeyRing
{
    /// <summary>Finds a key; null when there is none of that name.</summary>
    /// <param name="name">The key's name in uncompressed wire form, in any case.</param>
    TsigKey? Find(ReadOnlySpan<byte> name);
}
