using System.Threading.Channels;

namespace Btmm.Core.Contracts;

/// <summary>
/// Tells when addresses, routes or links of this host change. Raw events come in bursts; the reader debounces.
/// Thread-safe.
/// </summary>
public interface INetworkMonitor : IAsyncDisposable
{
    /// <summary>Starts a subscription: a bounded channel that drops the oldest event when full. Completed on dispose.</summary>
    ChannelReader<NetworkChange> Subscribe();
}

/// <summary>One raw change.</summary>
/// <param name="Kind">What changed.</param>
/// <param name="InterfaceIndex">The interface concerned, 0 when unknown.</param>
public readonly record struct NetworkChange(NetworkChangeKind Kind, int InterfaceIndex);

/// <summary>What a <see cref="NetworkChange"/> is about.</summary>
public enum NetworkChangeKind
{
    /// <summary>An interface appeared, vanished, went up or down.</summary>
    Link,

    /// <summary>An address was added or removed.</summary>
    Address,

    /// <summary>A route was added or removed.</summary>
    Route,

    /// <summary>Events were lost; assume that everything changed.</summary>
    Overrun,
}
