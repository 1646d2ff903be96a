using System.Globalization;
using System.Net;
using Btmm.Core.Administration;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Output;
using Btmm.Protocol.Dns;
using Btmm.Server;

namespace Btmm.PowerShell.Jobs;

/// <summary>A zone service that answers until the job is stopped. Its output is the record of its state changes.</summary>
public sealed class BtmmDnsServerJob : BtmmJob
{
    // How often the zones are looked at for changes to report.
    private static readonly TimeSpan s_lookInterval = TimeSpan.FromSeconds(1);

    private readonly ZoneHost _host;
    private readonly Dictionary<DnsName, uint> _serials = [];
    private bool _isStoreFailing;

    internal BtmmDnsServerJob(string command, string? name, IReadOnlyList<BtmmAccount> accounts, ZoneHost host)
        : base(command, name, "BtmmDnsServer", accounts.Count > 0 ? accounts[0] : null)
    {
        _host = host;
        Accounts = accounts;
        EndPoints = host.Service.Endpoints;
        TlsEndPoints = host.Service.TlsEndpoints;
    }

    /// <summary>The accounts whose domains it was started with; stay the caller's.</summary>
    public IReadOnlyList<BtmmAccount> Accounts { get; }

    /// <summary>Where it answers, by UDP and TCP.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints { get; }

    /// <summary>Where it answers by TLS.</summary>
    public IReadOnlyList<IPEndPoint> TlsEndPoints { get; }

    /// <summary>The port of the first endpoint.</summary>
    public int Port => EndPoints[0].Port;

    /// <summary>Its control socket; null when it has none.</summary>
    public string? ControlPath => _host.ControlPath;

    /// <inheritdoc/>
    public override string Location => string.Join(", ", EndPoints);

    /// <summary>The service at this moment: counters, subscriptions, store.</summary>
    public ZoneServerInfo GetServerInfo() => Administration.GetServerAsync().GetAwaiter().GetResult();

    /// <summary>What can be done with the service while it runs.</summary>
    internal IZoneAdministration Administration => _host.Service.Administration;

    // In this process they are known at once.
    internal IReadOnlyList<ZoneInfo> Zones => Administration.GetZonesAsync().GetAwaiter().GetResult();

    internal IReadOnlyList<KeyInfo> Keys => Administration.GetKeysAsync().GetAwaiter().GetResult();

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        await using (_host.ConfigureAwait(false))
        {
            Report("Listening", Location);
            bool isFirst = true;
            using var timer = new PeriodicTimer(s_lookInterval);
            do
            {
                if (_host.Service.Completion.IsCompleted) await _host.Service.Completion.ConfigureAwait(false);
                Look(_host.Service.GetStatus(), isFirst);
                isFirst = false;
            }
            while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false));
        }
    }

    private void Look(ZoneServiceStatus now, bool isFirst)
    {
        foreach (ZoneStatus zone in now.Zones)
        {
            string detail = string.Create(CultureInfo.InvariantCulture, $"{zone.Apex}: serial {zone.Serial}, {zone.Records} records");
            if (!_serials.TryGetValue(zone.Apex, out uint serial))
            {
                if (!isFirst) Report("Added", detail);
            }
            else if (serial != zone.Serial)
            {
                Report("Changed", detail);
            }

            _serials[zone.Apex] = zone.Serial;
            Status = detail;
        }

        foreach (DnsName gone in _serials.Keys.Except(now.Zones.Select(zone => zone.Apex)).ToArray())
        {
            Report("Removed", gone.ToString());
            _serials.Remove(gone);
        }

        if (now.Zones.Count != 1)
            Status = string.Create(CultureInfo.InvariantCulture, $"{now.Zones.Count} zones, {now.Zones.Sum(zone => zone.Records)} records");
        if (now.Store.IsFailing != _isStoreFailing) Report(now.Store.IsFailing ? "StoreFailed" : "StoreRecovered", now.Store.Failure ?? string.Empty, "Store");
        _isStoreFailing = now.Store.IsFailing;
    }

    private void Report(string state, string detail, string subject = "Zone") =>
        Publish(new BtmmStateChange { Time = TimeProvider.System.GetUtcNow(), Subject = subject, State = state, Detail = detail });
}
