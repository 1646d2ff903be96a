using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>
/// Failures, met by one cmdlet, that concern a whole gateway and not a port: the next ports of a range or a pipeline are not
/// asked for in vain, each with the full patience. Not thread-safe.
/// </summary>
internal sealed class GatewayFailures
{
    // A pipeline may go on for hours, and a gateway may come back.
    private static readonly TimeSpan s_trusted = TimeSpan.FromSeconds(30);

    private readonly Dictionary<(IPAddress Gateway, PortMappingMethod? Method), (BtmmException Failure, long At)> _failures = [];

    /// <summary>Whether a failure is about the gateway, so that there is no use in asking it for other ports.</summary>
    public static bool IsOfGateway(BtmmErrorReason? reason) => reason is BtmmErrorReason.NoGateway or BtmmErrorReason.Timeout
        or BtmmErrorReason.Unreachable or BtmmErrorReason.DoubleNat or BtmmErrorReason.PortMappingUnsupported
        or BtmmErrorReason.PortMappingNetworkFailure or BtmmErrorReason.StateDirectoryInvalid;

    /// <summary>Asks a gateway, unless it has failed as a whole a moment ago: then that is thrown again.</summary>
    /// <param name="gateway">The gateway.</param>
    /// <param name="method">The protocol; null for any.</param>
    /// <param name="ask">Asks.</param>
    /// <exception cref="BtmmException">The failure, old or new.</exception>
    public T Ask<T>(IPAddress gateway, PortMappingMethod? method, Func<T> ask)
    {
        if (_failures.TryGetValue((gateway, method), out (BtmmException Failure, long At) last)
            && TimeProvider.System.GetElapsedTime(last.At) < s_trusted) throw last.Failure;
        try
        {
            return ask();
        }
        catch (BtmmException e) when (IsOfGateway(e.Reason))
        {
            _failures[(gateway, method)] = (e, TimeProvider.System.GetTimestamp());
            throw;
        }
    }
}
