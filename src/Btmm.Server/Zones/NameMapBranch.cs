namespace Btmm.Server.Zones;

/// <summary>
/// One branch of a <see cref="NameMap"/>: for each bit set in <see cref="Bitmap"/>, from the lowest, an item that is a further
/// branch, a <see cref="ZoneNode"/>, or an array of nodes whose names have the same hash. Changed only by the builder that owns it.
/// </summary>
internal sealed class NameMapBranch(uint bitmap, object[] items, object? owner)
{
    internal static NameMapBranch Empty { get; } = new(0, [], null);

    internal uint Bitmap { get; set; } = bitmap;

    internal object[] Items { get; set; } = items;

    /// <summary>Whose it is: who has this object may change the branch.</summary>
    internal object? Owner { get; } = owner;

    internal IEnumerable<ZoneNode> Nodes()
    {
        var stack = new Stack<object>();
        stack.Push(this);
        while (stack.TryPop(out object? item))
        {
            if (item is ZoneNode node)
            {
                yield return node;
                continue;
            }

            foreach (object below in item is NameMapBranch branch ? branch.Items : (object[])item)
                stack.Push(below);
        }
    }
}
