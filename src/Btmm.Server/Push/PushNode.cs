using Btmm.Protocol.Dns;
using Btmm.Server.Zones;

namespace Btmm.Server.Push;

/// <summary>A watched name with its zone and watchers. Used under the lock of its <see cref="PushIndex"/>, but for the diff.</summary>
internal sealed class PushNode(DnsName name, Zone zone)
{
    private NodeDiff _last = NodeDiff.None;

    internal DnsName Name { get; } = name;

    internal Zone Zone { get; set; } = zone;

    internal List<PushWatch> Watches { get; } = [];

    /// <summary>The types that changed since that was last looked at; none when nothing did.</summary>
    internal HashSet<DnsType> Dirty { get; } = [];

    /// <summary>What is different between two states of the name. Most watchers are at the same one, so the last answer is kept. Thread-safe.</summary>
    internal NodeDiff Compare(ZoneNode? before, ZoneNode? after)
    {
        NodeDiff last = Volatile.Read(ref _last);
        if (ReferenceEquals(last.Before, before) && ReferenceEquals(last.After, after))
            return last;
        NodeDiff diff = NodeDiff.Of(before, after);
        Volatile.Write(ref _last, diff);
        return diff;
    }
}
