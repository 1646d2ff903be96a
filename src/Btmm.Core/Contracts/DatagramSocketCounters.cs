namespace Btmm.Core.Contracts;

/// <summary>A snapshot of an <see cref="IDatagramSocket"/>'s counters.</summary>
/// <param name="Received">Datagrams received.</param>
/// <param name="Sent">Datagrams that the kernel took.</param>
/// <param name="SendErrors">Datagrams that the kernel refused: no route, a filter, no buffers.</param>
/// <param name="ReceiveErrors">Errors reported while receiving.</param>
/// <param name="SendCalls">System calls spent on sending.</param>
/// <param name="ReceiveCalls">System calls spent on receiving.</param>
public readonly record struct DatagramSocketCounters(
    long Received, long Sent, long SendErrors, long ReceiveErrors, long SendCalls, long ReceiveCalls);
