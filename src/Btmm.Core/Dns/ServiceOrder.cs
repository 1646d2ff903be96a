using System.Buffers.Binary;
using Btmm.Protocol;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Core.Dns;

/// <summary>The order in which a client tries the targets of SRV records (RFC 2782, "Usage rules"). Holds no state.</summary>
internal static class ServiceOrder
{
    /// <summary>
    /// Lower priorities first; among equals at random, each as often as its share of the weights says. A target of "." means that
    /// there is no service, and is left out.
    /// </summary>
    internal static IReadOnlyList<SrvData> Sort(IEnumerable<SrvData> services, IRandomSource random)
    {
        var sorted = new List<SrvData>();
        foreach (IGrouping<ushort, SrvData> equals in services.Where(static srv => !srv.Target.IsRoot).GroupBy(static srv => srv.Priority).OrderBy(static group => group.Key))
        {
            // Those without weight come first in the sum, so that they have a small chance.
            List<SrvData> left = [.. equals.OrderBy(static srv => srv.Weight)];
            while (left.Count > 0)
            {
                uint drawn = Draw(random, (uint)left.Sum(static srv => srv.Weight));
                int index = 0;
                for (uint sum = left[0].Weight; sum < drawn; sum += left[index].Weight) index++;
                sorted.Add(left[index]);
                left.RemoveAt(index);
            }
        }

        return sorted;
    }

    // From 0 to the highest, which is at most 16 bits times a message's records: 64 bits leave no bias worth the name.
    private static uint Draw(IRandomSource random, uint highest)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        random.Fill(bytes);
        return (uint)(BinaryPrimitives.ReadUInt64BigEndian(bytes) % ((ulong)highest + 1));
    }
}
