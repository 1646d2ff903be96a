using System.Net;
using Btmm.Core.NatTraversal;

namespace Btmm.TestKit;

/// <summary>The one table of mappings behind all protocols of a <see cref="FakeGateway"/>. Not thread-safe: its gateway locks.</summary>
/// <param name="gateway">Whose quirks and clock count.</param>
internal sealed class FakeGatewayTable(FakeGateway gateway)
{
    private const int FirstFreePort = 40000;

    private readonly List<FakeMapping> _mappings = [];
    private readonly HashSet<int> _takenPorts = [];

    internal IReadOnlyList<FakeMapping> Live
    {
        get
        {
            _mappings.RemoveAll(mapping => mapping.ExpiresAt <= gateway.Now);
            return _mappings;
        }
    }

    internal void Take(int port) => _takenPorts.Add(port);

    internal void Clear() => _mappings.Clear();

    internal FakeMapping? ByInternal(PortMappingProtocol protocol, IPAddress client, int internalPort) => Live.FirstOrDefault(
        mapping => mapping.Protocol == protocol && mapping.Client.Equals(client) && mapping.InternalPort == internalPort);

    internal FakeMapping? ByExternal(PortMappingProtocol protocol, int externalPort) => Live.FirstOrDefault(
        mapping => mapping.Protocol == protocol && mapping.ExternalPort == externalPort);

    internal bool IsTaken(int port) => _takenPorts.Contains(port);

    /// <summary>The wanted port or the next that nobody holds.</summary>
    internal int FreePort(PortMappingProtocol protocol, int wanted)
    {
        int port = wanted == 0 ? FirstFreePort : wanted;
        while (IsTaken(port) || ByExternal(protocol, port) is not null) port++;
        return port;
    }

    /// <summary>Makes a mapping, or renews the one of the same external port. Returns the lifetime to tell the client.</summary>
    /// <param name="wanted">The mapping; its end is ignored.</param>
    /// <param name="asked">The lifetime asked for; null for a permanent one.</param>
    internal TimeSpan Grant(FakeMapping wanted, TimeSpan? asked)
    {
        FakeGatewayQuirks quirks = gateway.Quirks;
        FakeMapping? old = Live.FirstOrDefault(
            mapping => mapping.Protocol == wanted.Protocol && mapping.ExternalPort == wanted.ExternalPort && mapping.Client.Equals(wanted.Client));
        TimeSpan lifetime = quirks.FixedLifetime ?? (asked < quirks.MaxLifetime || asked is null ? asked : quirks.MaxLifetime) ?? TimeSpan.MaxValue;
        DateTimeOffset end = lifetime == TimeSpan.MaxValue ? DateTimeOffset.MaxValue : gateway.Now + lifetime;
        if (old is not null && quirks.Renewal != FakeRenewal.Extends)
        {
            end = old.ExpiresAt;
            if (quirks.Renewal == FakeRenewal.KeepsTheEnd && !old.IsPermanent) lifetime = end - gateway.Now;
        }

        if (old is not null) _mappings.Remove(old);
        if (!quirks.DropsMappings) _mappings.Add(wanted with { ExpiresAt = end });
        return lifetime;
    }

    internal void Remove(FakeMapping mapping) => _mappings.Remove(mapping);
}
