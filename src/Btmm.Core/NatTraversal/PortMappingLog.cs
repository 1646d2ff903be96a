using System.Diagnostics.Tracing;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// What port mapping reports to the runtime's event tracing: things that a user should not be bothered with, and somebody who looks for
/// a fault or a forger should see. Never once per packet.
/// </summary>
[EventSource(Name = "Btmm-PortMapping")]
internal sealed class PortMappingLog : EventSource
{
    internal static readonly PortMappingLog Instance = new();

    private PortMappingLog()
    {
    }

    [Event(1, Level = EventLevel.Warning, Message = "{1} sent a datagram where only the gateway {0} should; it and more of them are ignored")]
    public void StrangerIgnored(string gateway, string sender) => WriteEvent(1, gateway, sender);

    [Event(2, Level = EventLevel.Warning, Message = "{0} sent an answer with a nonce that was not asked for; it and more of them are ignored")]
    public void ForeignNonceIgnored(string gateway) => WriteEvent(2, gateway);

    [Event(3, Level = EventLevel.Informational, Message = "The gateway {0} seems to have lost its mappings: its epoch is {1} s old")]
    public void StateLost(string gateway, uint epochSeconds) => WriteEvent(3, gateway, epochSeconds);

    [Event(4, Level = EventLevel.Warning, Message = "Of UPnP of the gateway {0} something is refused, now and from now on: {1}")]
    public void UpnpRefused(string gateway, string what) => WriteEvent(4, gateway, what);

    [Event(5, Level = EventLevel.Informational, Message = "The gateway {0} lost its mappings: by UPnP it is up since {1} s, or one of them is gone")]
    public void UpnpStateLost(string gateway, uint uptimeSeconds) => WriteEvent(5, gateway, uptimeSeconds);

    [Event(6, Level = EventLevel.Error, Message = "{0} failed and is tried again: {1}")]
    public void KeeperFailed(string what, string failure) => WriteEvent(6, what, failure);

    [Event(7, Level = EventLevel.Warning, Message = "Of the gateway {0} something could not be remembered: {1}")]
    public void NotRemembered(string gateway, string failure) => WriteEvent(7, gateway, failure);
}
