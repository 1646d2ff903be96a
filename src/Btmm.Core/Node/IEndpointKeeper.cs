using System.Threading.Channels;

namespace Btmm.Core.Node;

/// <summary>Keeps this host reachable from outside: the node's view of port mapping. Thread-safe.</summary>
internal interface IEndpointKeeper : IAsyncDisposable
{
    /// <summary>What is known now.</summary>
    HostEndpoint Current { get; }

    /// <summary>Every change, oldest dropped. Completed on dispose.</summary>
    ChannelReader<HostEndpoint> Changes { get; }

    /// <summary>Starts.</summary>
    void Start();

    /// <summary>The way to the internet changed: find the gateway and map afresh.</summary>
    void NetworkChanged();
}
