using Btmm.Server.Hosting;
using Btmm.Server.Requests;

namespace Btmm.Server.Transport;

/// <summary>What the connections of a service share. Thread-safe.</summary>
/// <param name="Handler">Answers messages.</param>
/// <param name="Limits">What clients may use up.</param>
/// <param name="Clock">Measures their time.</param>
/// <param name="Metrics">Counts those that were turned away or ended.</param>
internal sealed record StreamContext(StreamHandler Handler, ZoneServiceLimits Limits, ServiceClock Clock, ServerMetrics Metrics)
{
    /// <summary>Who is connected.</summary>
    internal ConnectionTable Table { get; } = new(Limits);

    /// <summary>Buffers for answers: as many as are at work, not as many as there are connections.</summary>
    internal WorkspacePool Workspaces { get; } = new();
}
