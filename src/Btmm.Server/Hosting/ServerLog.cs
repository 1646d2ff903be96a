using System.Diagnostics.Tracing;

namespace Btmm.Server.Hosting;

/// <summary>What the zone service reports to the runtime's event tracing. Never a secret, and never once per packet.</summary>
[EventSource(Name = "Btmm-Server")]
internal sealed class ServerLog : EventSource
{
    internal static readonly ServerLog Instance = new();

    private ServerLog()
    {
    }

    [Event(1, Level = EventLevel.Error, Message = "A request from {0} failed: {1}")]
    public void RequestFailed(string client, string error) => WriteEvent(1, client, error);

    [Event(2, Level = EventLevel.Error, Message = "The store failed: {0}")]
    public void StoreFailed(string error) => WriteEvent(2, error);

    [Event(3, Level = EventLevel.Warning, Message = "A socket at {0} reported: {1}")]
    public void SocketFailed(string endpoint, string error) => WriteEvent(3, endpoint, error);

    [Event(4, Level = EventLevel.Informational, Message = "Zone {0} is now at serial {1}")]
    public void ZoneChanged(string zone, uint serial) => WriteEvent(4, zone, serial);

    [Event(20, Level = EventLevel.Error, Message = "A changed certificate cannot be used, the old one stays: {0}")]
    public void CertificateFailed(string error) => WriteEvent(20, error);

    [Event(21, Level = EventLevel.Informational, Message = "A TLS handshake with {0} failed: {1}")]
    public void HandshakeFailed(string client, string error) => WriteEvent(21, client, error);

    [Event(40, Level = EventLevel.Warning, Message = "The catalog's key {0} is ignored: an account has another one of that name")]
    public void CatalogKeyIgnored(string key) => WriteEvent(40, key);

    [Event(41, Level = EventLevel.Error, Message = "A changed catalog could not be read, zones and keys stay as they were: {0}")]
    public void CatalogFailed(string error) => WriteEvent(41, error);

    [Event(30, Level = EventLevel.Warning, Message = "Nobody at {1} could be told of changes of {0}")]
    public void NotifyFailed(string zone, string target) => WriteEvent(30, zone, target);

    [Event(42, Level = EventLevel.Informational, Message = "A control connection ended: {0}")]
    public void ControlEnded(string error) => WriteEvent(42, error);

    [Event(50, Level = EventLevel.Warning, Message = "The wall clock was set by {0} seconds, or the machine slept; leases keep their length")]
    public void ClockSet(double seconds) => WriteEvent(50, seconds);
}
