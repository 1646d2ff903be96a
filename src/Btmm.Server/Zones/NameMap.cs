using System.Collections;
using System.Numerics;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Zones;

/// <summary>
/// The nodes of a zone by name, without regard to case: a hash trie of 32-way branches. A changed copy shares all branches with
/// the original but those on the way to the change (<see cref="NameMapBuilder"/>). Finding allocates nothing and needs no object
/// of the name. Immutable and thread-safe.
/// </summary>
internal sealed class NameMap : IEnumerable<ZoneNode>
{
    /// <summary>Bits of the hash that a branch looks at.</summary>
    internal const int BitsPerLevel = 5;

    /// <summary>From here on the hash is used up, and names with the same one share a list.</summary>
    internal const int HashBits = 32;

    internal NameMap(NameMapBranch root, int count)
    {
        Root = root;
        Count = count;
    }

    /// <summary>A map without names.</summary>
    internal static NameMap Empty { get; } = new(NameMapBranch.Empty, 0);

    /// <summary>Names in the map.</summary>
    internal int Count { get; }

    internal NameMapBranch Root { get; }

    /// <summary>The node of a name; null when there is none.</summary>
    internal ZoneNode? Find(DnsName name) => Find(Root, name.Wire, (uint)name.GetHashCode());

    /// <summary>The node of a name in uncompressed wire form; null when there is none.</summary>
    internal ZoneNode? Find(ReadOnlySpan<byte> name) => Find(Root, name, (uint)DnsNameWire.GetHashCode(name));

    public IEnumerator<ZoneNode> GetEnumerator() => Root.Nodes().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal static ZoneNode? Find(NameMapBranch root, ReadOnlySpan<byte> name, uint hash)
    {
        object? at = root;
        for (uint rest = hash; at is NameMapBranch branch; rest >>= BitsPerLevel)
        {
            uint bit = 1u << (int)(rest & 31);
            if ((branch.Bitmap & bit) == 0)
                return null;
            at = branch.Items[BitOperations.PopCount(branch.Bitmap & (bit - 1))];
        }

        if (at is ZoneNode node)
            return IsNamed(node, name, hash) ? node : null;
        foreach (ZoneNode one in (ZoneNode[])at!)
        {
            if (IsNamed(one, name, hash))
                return one;
        }

        return null;
    }

    private static bool IsNamed(ZoneNode node, ReadOnlySpan<byte> name, uint hash) =>
        (uint)node.Name.GetHashCode() == hash && DnsNameWire.Equals(node.Name.Wire, name);
}
