using System.Globalization;
using System.Net;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Auto;

/// <summary>Why each of several methods did not work on a gateway, and what that amounts to. Not thread-safe.</summary>
internal sealed class MapperFailures(IPAddress gateway)
{
    private readonly List<(MapperLane Lane, BtmmException? Failure)> _list = [];

    /// <summary>Whether a gateway was heard that speaks a method but says no.</summary>
    internal bool AnyRefused => _list.Exists(entry => Weight(entry.Failure) >= Weights.Refused);

    /// <summary>Takes note of a method that failed.</summary>
    internal void Add(MapperLane lane, BtmmException failure) => Set(lane, failure);

    /// <summary>Takes note of a method that did not answer.</summary>
    internal void AddSilent(MapperLane lane) => Set(lane, null);

    /// <summary>
    /// The one exception that says most: what the gateway gave as its reason to refuse, else that it fell silent, else that it
    /// speaks none of the methods.
    /// </summary>
    /// <param name="answeredBefore">Whether the gateway is known to speak one of them, so that silence means trouble.</param>
    internal BtmmException Combine(bool answeredBefore)
    {
        BtmmException? telling = _list.Select(entry => entry.Failure).MaxBy(Weight);
        if (telling is not null && (Weight(telling) > Weights.Unsupported || _list.Count == 1)) return telling;
        bool anySilent = _list.Exists(entry => entry.Failure is null);
        bool allSilent = _list.TrueForAll(entry => entry.Failure is null);
        string tried = string.Join(", ", _list.Select(entry => string.Create(
            CultureInfo.InvariantCulture, $"{PortMappingNames.Of(entry.Lane.Method)} ({(entry.Failure is null ? "no answer" : "not spoken")})")));
        return answeredBefore && anySilent
            ? new BtmmException(
                BtmmErrorReason.Timeout,
                $"The gateway {gateway} does not answer any more. Tried: {tried}.",
                "Check that the router is up.",
                new TimeoutException())
            : new BtmmException(
                BtmmErrorReason.PortMappingUnsupported,
                $"The gateway {gateway} maps no ports. Tried: {tried}.",
                "Turn on PCP, NAT-PMP or UPnP in the router's settings, or forward the port by hand.",
                allSilent ? new TimeoutException() : null);
    }

    /// <summary>What tells most of a method counts, the later of two that tell the same; at the place where it was tried first.</summary>
    private void Set(MapperLane lane, BtmmException? failure)
    {
        int known = _list.FindIndex(entry => entry.Lane == lane);
        if (known < 0) _list.Add((lane, failure));
        else if (Weight(failure) >= Weight(_list[known].Failure)) _list[known] = (lane, failure);
    }

    private static Weights Weight(BtmmException? failure) => failure?.Reason switch
    {
        null => Weights.Silent,
        BtmmErrorReason.PortMappingUnsupported => Weights.Unsupported,
        BtmmErrorReason.Timeout or BtmmErrorReason.Unreachable => Weights.Trouble,
        // Some gateways say so by one protocol when they are without an address, or do not allow it, and give the reason by another.
        BtmmErrorReason.PortMappingOutOfResources => Weights.Refused,
        BtmmErrorReason.PortMappingNetworkFailure or BtmmErrorReason.DoubleNat => Weights.RefusedForGood,
        _ => Weights.RefusedWithReason,
    };

    /// <summary>How much a failure tells, the least first.</summary>
    private enum Weights
    {
        Silent,
        Unsupported,
        Trouble,
        Refused,
        RefusedWithReason,
        RefusedForGood,
    }
}
