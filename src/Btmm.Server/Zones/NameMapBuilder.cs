using System.Numerics;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Zones;

/// <summary>
/// Makes changed copies of a <see cref="NameMap"/>. A branch is copied when it is first touched, O(log n) of them for each name,
/// and changed in place from then on. Not thread-safe.
/// </summary>
internal sealed class NameMapBuilder(NameMap map)
{
    private NameMapBranch _root = map.Root;
    private object _owner = new(); // of the branches that no map has yet

    /// <summary>Names in the working copy.</summary>
    internal int Count { get; private set; } = map.Count;

    internal ZoneNode? Find(DnsName name) => NameMap.Find(_root, name.Wire, (uint)name.GetHashCode());

    /// <summary>Adds a node, or replaces the one of its name.</summary>
    internal void Put(ZoneNode node) => _root = Put(_root, node, (uint)node.Name.GetHashCode(), 0);

    /// <summary>Removes a name; false when it is not there.</summary>
    internal bool Remove(DnsName name)
    {
        if (Find(name) is not { } node)
            return false;
        _root = Remove(_root, node, (uint)name.GetHashCode(), 0);
        Count--;
        return true;
    }

    /// <summary>The working copy as a map; further changes leave it as it is.</summary>
    internal NameMap ToMap()
    {
        _owner = new object();
        return new NameMap(_root, Count);
    }

    private NameMapBranch Put(NameMapBranch branch, ZoneNode node, uint hash, int shift)
    {
        uint bit = 1u << (int)((hash >> shift) & 31);
        int index = BitOperations.PopCount(branch.Bitmap & (bit - 1));
        if ((branch.Bitmap & bit) == 0)
        {
            Count++;
            return With(branch, branch.Bitmap | bit, [.. branch.Items.AsSpan(0, index), node, .. branch.Items.AsSpan(index)]);
        }

        int below = shift + NameMap.BitsPerLevel;
        object item = branch.Items[index] switch
        {
            NameMapBranch next => Put(next, node, hash, below),
            ZoneNode other when other.Name == node.Name => node,
            ZoneNode other => Split(other, node, hash, below),
            object list => PutIn((ZoneNode[])list, node),
        };
        return Replace(branch, index, item);
    }

    // Both names want one place: they part at the first level where their hashes differ.
    private object Split(ZoneNode other, ZoneNode node, uint hash, int shift)
    {
        if (shift >= NameMap.HashBits)
        {
            Count++;
            return new[] { other, node };
        }

        uint bit = 1u << (int)(((uint)other.Name.GetHashCode() >> shift) & 31);
        return Put(new NameMapBranch(bit, [other], _owner), node, hash, shift);
    }

    private ZoneNode[] PutIn(ZoneNode[] list, ZoneNode node)
    {
        int at = Array.FindIndex(list, other => other.Name == node.Name);
        if (at < 0)
            Count++;
        return at < 0 ? [.. list, node] : [.. list.AsSpan(0, at), node, .. list.AsSpan(at + 1)];
    }

    private NameMapBranch Remove(NameMapBranch branch, ZoneNode node, uint hash, int shift)
    {
        uint bit = 1u << (int)((hash >> shift) & 31);
        int index = BitOperations.PopCount(branch.Bitmap & (bit - 1));
        object? rest = branch.Items[index] switch
        {
            NameMapBranch next => Shorten(Remove(next, node, hash, shift + NameMap.BitsPerLevel)),
            ZoneNode => null,
            object list => Without((ZoneNode[])list, node),
        };
        return rest is null
            ? With(branch, branch.Bitmap & ~bit, [.. branch.Items.AsSpan(0, index), .. branch.Items.AsSpan(index + 1)])
            : Replace(branch, index, rest);
    }

    // A branch for one node alone is not needed.
    private static object? Shorten(NameMapBranch branch) => branch.Items switch
    {
        [] => null,
        [NameMapBranch] => branch,
        [object only] => only,
        _ => branch,
    };

    private static object Without(ZoneNode[] list, ZoneNode node)
    {
        ZoneNode[] rest = [.. list.Where(other => other.Name != node.Name)];
        return rest is [ZoneNode only] ? only : rest;
    }

    private NameMapBranch Replace(NameMapBranch branch, int index, object item)
    {
        if (ReferenceEquals(branch.Items[index], item))
            return branch;
        object[] items = branch.Owner == _owner ? branch.Items : [.. branch.Items];
        items[index] = item;
        return With(branch, branch.Bitmap, items);
    }

    private NameMapBranch With(NameMapBranch branch, uint bitmap, object[] items)
    {
        if (branch.Owner != _owner)
            return new NameMapBranch(bitmap, items, _owner);
        branch.Bitmap = bitmap;
        branch.Items = items;
        return branch;
    }
}
