using System.Net;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>The traffic selectors of child SAs: always exactly the two identifiers (RFC 7296 §2.9).</summary>
internal static class ChildSelectors
{
    public static void Add(List<IkePayload> payloads, IPAddress initiator, IPAddress responder)
    {
        payloads.Add(new IkeTrafficSelectorsPayload(true, [IkeTrafficSelector.ForHost(initiator)]));
        payloads.Add(new IkeTrafficSelectorsPayload(false, [IkeTrafficSelector.ForHost(responder)]));
    }

    /// <summary>Whether a message carries these two selectors and no others.</summary>
    public static bool AreExactly(IkeMessage message, IPAddress initiator, IPAddress? responder)
    {
        var i = message.Single<IkeTrafficSelectorsPayload>(IkePayloadType.TrafficSelectorsInitiator);
        var r = message.Single<IkeTrafficSelectorsPayload>(IkePayloadType.TrafficSelectorsResponder);
        return i is { Selectors: [{ IsWholeHost: true } one] } && r is { Selectors: [{ IsWholeHost: true } two] }
            && initiator.Equals(one.Start) && responder is not null && responder.Equals(two.Start);
    }

    /// <summary>Whether an offer covers both identifiers, so that it can be narrowed to them.</summary>
    public static bool Cover(IkeMessage message, IPAddress initiator, IPAddress responder)
    {
        var i = message.Single<IkeTrafficSelectorsPayload>(IkePayloadType.TrafficSelectorsInitiator);
        var r = message.Single<IkeTrafficSelectorsPayload>(IkePayloadType.TrafficSelectorsResponder);
        return i is not null && r is not null
            && i.Selectors.Any(s => s.ContainsHost(initiator)) && r.Selectors.Any(s => s.ContainsHost(responder));
    }

    /// <summary>The identifier that an initiator claims: its first selector of one whole host that is a ULA other than ours.</summary>
    public static IPAddress? Claimed(IkeMessage message, IPAddress own)
    {
        var i = message.Single<IkeTrafficSelectorsPayload>(IkePayloadType.TrafficSelectorsInitiator);
        IkeTrafficSelector? selector = i?.Selectors.FirstOrDefault(s => s.IsWholeHost);
        return selector?.Start is { IsIPv6UniqueLocal: true } address && !address.Equals(own) ? address : null;
    }
}
