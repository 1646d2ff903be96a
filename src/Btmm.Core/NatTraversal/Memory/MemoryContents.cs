using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal.Memory;

/// <summary>
/// What a <see cref="MappingMemory"/> holds, and for how long: bounded, the oldest leave first. Newest entries last. Not thread-safe.
/// </summary>
internal sealed class MemoryContents
{
    internal const int MaxMappings = 1024;
    internal const int MaxNonces = 2048;
    internal const int MaxMethods = 64;
    internal const int MaxDescriptions = 64;

    /// <summary>A mapping that was asked for may exist for so long, whatever the gateway made of the request.</summary>
    private static readonly TimeSpan s_askedLifetime = TimeSpan.FromDays(1);

    /// <summary>As <see cref="s_askedLifetime"/> where the gateway may have made it permanent.</summary>
    private static readonly TimeSpan s_askedLifetimeIgd = TimeSpan.FromDays(90);

    /// <summary>
    /// A permanent mapping that was not renewed for so long is given up: its router is gone, as a rule, and whoever meets the same one
    /// again after a year can delete it by hand.
    /// </summary>
    private static readonly TimeSpan s_permanentLifetime = TimeSpan.FromDays(365);

    /// <summary>Older than this program: told by a clock without a battery, it says nothing about an age.</summary>
    private static readonly DateTimeOffset s_earliest = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    internal List<PortMapping> Mappings { get; } = [];

    internal List<KeptNonce> Nonces { get; } = [];

    internal List<KeptMethod> Methods { get; } = [];

    internal List<KeptDescription> Descriptions { get; } = [];

    internal IReadOnlyList<PortMapping> AliveMappings(DateTimeOffset? now) => [.. Mappings.Where(mapping => IsAlive(mapping, now))];

    /// <summary>The nonce of a port on exactly this gateway.</summary>
    internal PcpNonce? FindNonce(GatewayIdentity gateway, PortMappingProtocol protocol, int port) =>
        Nonces.Find(kept => kept.IsFor(gateway, protocol, port))?.Nonce;

    /// <summary>The latest nonce of a port on a gateway that may be this one.</summary>
    internal PcpNonce? GuessNonce(GatewayIdentity gateway, PortMappingProtocol protocol, int port) =>
        Nonces.FindLast(kept => kept.Protocol == protocol && kept.InternalPort == port && kept.Gateway.MayBe(gateway))?.Nonce;

    internal PortMappingMethod? FindMethod(GatewayIdentity gateway) =>
        (Methods.Find(kept => kept.Gateway == gateway) ?? Methods.FindLast(kept => kept.Gateway.MayBe(gateway)))?.Method;

    internal void AddNonce(KeptNonce nonce)
    {
        Nonces.RemoveAll(kept => kept.IsFor(nonce.Gateway, nonce.Protocol, nonce.InternalPort));
        Nonces.Add(nonce);
        if (Nonces.Count > MaxNonces) Nonces.RemoveRange(0, Nonces.Count - MaxNonces);
    }

    /// <summary>Takes note of a mapping. False when nothing changed: what was granted outlives the next question about it.</summary>
    internal bool Note(PortMapping mapping, DateTimeOffset? now)
    {
        Prune(now);
        int known = Mappings.FindIndex(kept => IsSame(kept, mapping));
        if (known >= 0)
        {
            if (mapping.Lifetime == TimeSpan.Zero) return false;
            Mappings.RemoveAt(known);
        }

        Mappings.Add(mapping);
        while (Mappings.Count > MaxMappings)
        {
            int oldest = Mappings.FindIndex(kept => !kept.IsPermanent);
            Mappings.RemoveAt(oldest < 0 ? 0 : oldest);
        }

        return true;
    }

    internal bool Forget(PortMapping mapping)
    {
        int gone = Mappings.RemoveAll(kept => IsSame(kept, mapping));
        if (mapping.Method == PortMappingMethod.Pcp)
            gone += Nonces.RemoveAll(kept => kept.IsFor(mapping.Identity, mapping.Protocol, mapping.InternalPort));
        return gone > 0;
    }

    /// <summary>Takes note of the method used on a gateway. False when that is the very last one noted.</summary>
    internal bool NoteMethod(KeptMethod method)
    {
        if (Methods.Count > 0 && Methods[^1].Method == method.Method && Methods[^1].Gateway == method.Gateway) return false;
        Methods.RemoveAll(kept => kept.Gateway == method.Gateway);
        Methods.Add(method);
        if (Methods.Count > MaxMethods) Methods.RemoveRange(0, Methods.Count - MaxMethods);
        return true;
    }

    /// <summary>Forgets the method of a gateway, and of those that may be it.</summary>
    internal bool ForgetMethod(GatewayIdentity gateway) => Methods.RemoveAll(kept => kept.Gateway.MayBe(gateway)) > 0;

    internal string? FindDescription(GatewayIdentity gateway) =>
        (Descriptions.Find(kept => kept.Gateway == gateway) ?? Descriptions.FindLast(kept => kept.Gateway.MayBe(gateway)))?.Location;

    /// <summary>Takes note of where a gateway described itself. False when that is known.</summary>
    internal bool NoteDescription(KeptDescription description)
    {
        if (Descriptions.Contains(description)) return false;
        Descriptions.RemoveAll(kept => kept.Gateway == description.Gateway);
        Descriptions.Add(description);
        if (Descriptions.Count > MaxDescriptions) Descriptions.RemoveRange(0, Descriptions.Count - MaxDescriptions);
        return true;
    }

    /// <summary>
    /// Drops what has ended by itself. Nonces stay: the gateway may have kept a mapping for longer than is known here, and gives the
    /// port to nobody with another nonce.
    /// </summary>
    private void Prune(DateTimeOffset? now) => Mappings.RemoveAll(mapping => !IsAlive(mapping, now));

    private static bool IsAlive(PortMapping mapping, DateTimeOffset? now)
    {
        if (now is null) return true;
        if (mapping.IsPermanent) return mapping.MappedAt < s_earliest || now < mapping.MappedAt + s_permanentLifetime;
        if (mapping.Lifetime > TimeSpan.Zero) return now < mapping.ExpiresAt;
        return now < mapping.MappedAt + (mapping.Method == PortMappingMethod.Igd ? s_askedLifetimeIgd : s_askedLifetime);
    }

    private static bool IsSame(PortMapping one, PortMapping other) => one.Method == other.Method && one.IsSamePortAs(other);
}

/// <summary>The nonce of the mapping of a port.</summary>
internal sealed record KeptNonce(GatewayIdentity Gateway, PortMappingProtocol Protocol, int InternalPort, PcpNonce Nonce)
{
    internal bool IsFor(GatewayIdentity gateway, PortMappingProtocol protocol, int port) =>
        Protocol == protocol && InternalPort == port && Gateway == gateway;
}

/// <summary>The protocol that worked on a gateway.</summary>
internal sealed record KeptMethod(GatewayIdentity Gateway, PortMappingMethod Method);

/// <summary>Where a gateway described itself by UPnP.</summary>
internal sealed record KeptDescription(GatewayIdentity Gateway, string Location);
