using System.Threading.Channels;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Peers;

/// <summary>
/// Watches record sets of the zone, by long-lived queries or by polling. A set is told once when it is first known and then at
/// every change; nothing is told while the zone service is silent. Thread-safe.
/// </summary>
public interface IRecordWatcher : IAsyncDisposable
{
    /// <summary>Changes of record sets, in order. Bounded: a change that does not fit waits. Completed on dispose.</summary>
    ChannelReader<RecordSetChange> Changes { get; }

    /// <summary>Changes of the zone service's reachability. Bounded, oldest dropped. Completed on dispose.</summary>
    ChannelReader<ZoneServiceState> States { get; }

    /// <summary>Starts to watch; watching the same twice is one watch.</summary>
    void Watch(DnsQuestion question);

    /// <summary>Stops to watch.</summary>
    void Unwatch(DnsQuestion question);

    /// <summary>The host's network changed: set everything up again and ask at once.</summary>
    void NetworkChanged();
}
