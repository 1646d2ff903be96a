using System.Net;
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

    internal List<PortMapping> Mappings { get; } = [];

    internal List<KeptNonce> Nonces { get; } = [];

    internal List<KeptMethod> Methods { get; } = [];

    internal List<KeptDescription> Descriptions { get; } = [];

    internal IReadOnlyList<PortMapping> AliveMappings(DateTimeOffset? now) => [.. Mappings.Where(mapping => IsAlive(mapping, now))];

    internal PcpNonce? FindNonce(IPAddress gateway, PortMappingProtocol protocol, int port) =>
        Nonces.Find(kept => kept.IsFor(gateway, protocol, port))?.Nonce;

    internal PortMappingMethod? FindMethod(IPAddress gateway) =>
        Methods.Find(kept => GatewayIdentity.AreSame(kept.Gateway, gateway))?.Method;

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
            gone += Nonces.RemoveAll(kept => kept.IsFor(mapping.Gateway, mapping.Protocol, mapping.InternalPort));
        return gone > 0;
    }

    /// <summary>Takes note of the method used on a gateway. False when that is the very last one noted.</summary>
    internal bool NoteMethod(KeptMethod method)
    {
        if (Methods.Count > 0 && Methods[^1].Method == method.Method && GatewayIdentity.AreSame(Methods[^1].Gateway, method.Gateway)) return false;
        ForgetMethod(method.Gateway);
        Methods.Add(method);
        if (Methods.Count > MaxMethods) Methods.RemoveRange(0, Methods.Count - MaxMethods);
        return true;
    }

    internal bool ForgetMethod(IPAddress gateway) => Methods.RemoveAll(kept => GatewayIdentity.AreSame(kept.Gateway, gateway)) > 0;

    internal string? FindDescription(IPAddress gateway) =>
        Descriptions.Find(kept => GatewayIdentity.AreSame(kept.Gateway, gateway))?.Location;

    /// <summary>Takes note of where a gateway described itself. False when that is known.</summary>
    internal bool NoteDescription(KeptDescription description)
    {
        if (FindDescription(description.Gateway) == description.Location) return false;
        Descriptions.RemoveAll(kept => GatewayIdentity.AreSame(kept.Gateway, description.Gateway));
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
        if (now is null || mapping.IsPermanent) return true;
        if (mapping.Lifetime > TimeSpan.Zero) return now < mapping.ExpiresAt;
        return now < mapping.MappedAt + (mapping.Method == PortMappingMethod.Igd ? s_askedLifetimeIgd : s_askedLifetime);
    }

    private static bool IsSame(PortMapping one, PortMapping other) => one.Method == other.Method && GatewayIdentity.IsSamePort(one, other);
}

/// <summary>The nonce of the mapping of a port.</summary>
internal sealed record KeptNonce(IPAddress Gateway, PortMappingProtocol Protocol, int InternalPort, PcpNonce Nonce)
{
    internal bool IsFor(IPAddress gateway, PortMappingProtocol protocol, int port) =>
        Protocol == protocol && InternalPort == port && GatewayIdentity.AreSame(Gateway, gateway);
}

/// <summary>The protocol that worked on a gateway.</summary>
internal sealed record KeptMethod(IPAddress Gateway, PortMappingMethod Method);

/// <summary>Where a gateway described itself by UPnP.</summary>
internal sealed record KeptDescription(IPAddress Gateway, string Location);
