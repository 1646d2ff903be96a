using System.Threading.Channels;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// One way of asking one gateway for mappings. Operations run one at a time, in the order of the calls. Thread-safe.
/// </summary>
public interface IPortMapper : IAsyncDisposable
{
    /// <summary>How often the gateway's answers have shown that it lost its mappings since the answer before.</summary>
    int StateLossCount { get; }

    /// <summary>The gateway's announcements, oldest dropped when nobody reads; completed by disposal.</summary>
    ChannelReader<GatewayAnnouncement> Announcements { get; }

    /// <summary>Asks whether the gateway is there, and for its external address; makes no mapping.</summary>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    Task<GatewayAnswer> QueryAsync(ExchangeEffort effort, CancellationToken cancellationToken);

    /// <summary>Makes or renews a mapping.</summary>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    Task<PortMapping> MapAsync(PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken);

    /// <summary>
    /// Ends a mapping; one that no longer exists is no error. Returns whether it may have been there: false when the gateway had none.
    /// </summary>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    Task<bool> DeleteAsync(PortMapping mapping, ExchangeEffort effort, CancellationToken cancellationToken);
}
