using System.Globalization;
using System.Net;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Output;
using Btmm.Server;

namespace Btmm.PowerShell.Jobs;

/// <summary>A zone service that answers until the job is stopped. Its output is the record of its state changes.</summary>
public sealed class BtmmDnsServerJob : BtmmJob
{
    // How often the zone is looked at for changes to report.
    private static readonly TimeSpan s_lookInterval = TimeSpan.FromSeconds(1);

    private readonly ZoneService _service;

    internal BtmmDnsServerJob(string command, string? name, BtmmAccount account, ZoneService service)
        : base(command, name, "BtmmDnsServer", account)
    {
        _service = service;
        EndPoints = service.Endpoints;
    }

    /// <summary>Where it answers, by UDP and TCP.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints { get; }

    /// <summary>The port of the first endpoint.</summary>
    public int Port => EndPoints[0].Port;

    /// <inheritdoc/>
    public override string Location => string.Join(", ", EndPoints);

    /// <summary>The service at this moment: zones, long-lived queries, counters.</summary>
    public ZoneServiceStatus GetServiceStatus() => _service.GetStatus();

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        await using (_service.ConfigureAwait(false))
        {
            Report("Listening", Location);
            ZoneStatus? last = null;
            using var timer = new PeriodicTimer(s_lookInterval);
            do
            {
                if (_service.Completion.IsCompleted) await _service.Completion.ConfigureAwait(false);
                ZoneStatus now = _service.GetStatus().Zones[0];
                string detail = string.Create(CultureInfo.InvariantCulture, $"serial {now.Serial}, {now.Records} records");
                if (last is not null && last.Serial != now.Serial) Report("Changed", detail);
                Status = $"{Account.Domain}: {detail}";
                last = now;
            }
            while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false));
        }
    }

    private void Report(string state, string detail) =>
        Publish(new BtmmStateChange { Time = TimeProvider.System.GetUtcNow(), Subject = "Zone", State = state, Detail = detail });
}
