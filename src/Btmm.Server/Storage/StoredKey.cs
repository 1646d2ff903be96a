using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage;

/// <summary>A TSIG key's entry in a catalog. Immutable.</summary>
/// <param name="Name">The key's name.</param>
/// <param name="Sealed">Algorithm, secret and what it is good for, encrypted by the service: a store never sees a secret.</param>
public sealed record StoredKey(DnsName Name, ReadOnlyMemory<byte> Sealed);
