using System.Net;

namespace Btmm.Core.Contracts;

/// <summary>
/// An asynchronous UDP socket for the control protocols (DNS, NAT-PMP). The packet path uses <see cref="IDatagramSocket"/>.
/// One reader and any number of writers may be active at a time.
/// </summary>
public interface IDatagramChannel : IAsyncDisposable
{
    /// <summary>The local address and port.</summary>
    IPEndPoint LocalEndPoint { get; }

    /// <summary>Sends one datagram. Transient ICMP errors are not reported here.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The network refuses the datagram (no route, too large).</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> datagram, IPEndPoint remote, CancellationToken cancellationToken);

    /// <summary>
    /// Receives one datagram into <paramref name="buffer"/>; what does not fit is cut off and marked so.
    /// </summary>
    /// <exception cref="System.Net.Sockets.SocketException">
    /// An ICMP port-unreachable arrived on a socket connected to one peer, or on one that was opened to report it (ConnectionRefused).
    /// </exception>
    ValueTask<ReceivedDatagram> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken);
}

/// <summary>What <see cref="IDatagramChannel.ReceiveAsync"/> put into the buffer.</summary>
/// <param name="Length">Bytes in the buffer.</param>
/// <param name="Remote">The sender.</param>
/// <param name="Truncated">Whether the datagram was longer than the buffer.</param>
public readonly record struct ReceivedDatagram(int Length, IPEndPoint Remote, bool Truncated);

/// <summary>How to open an <see cref="IDatagramChannel"/>.</summary>
/// <param name="Local">Where to bind; port 0 picks one.</param>
/// <param name="Connect">When given, the socket talks to this peer only and reports its ICMP errors.</param>
/// <param name="MulticastGroup">When given, the group to join.</param>
/// <param name="MulticastInterface">
/// The local IPv4 address of the interface on which to join an IPv4 group; without a group, of the one that datagrams to groups leave by.
/// </param>
/// <param name="ReuseAddress">Whether several sockets may share the address and port.</param>
/// <param name="MulticastInterfaceIndex">The index of the interface on which to join an IPv6 group; 0 for the system's choice.</param>
/// <param name="ReportUnreachable">
/// Whether a socket that is not connected reports ICMP port-unreachable all the same: for a peer that may answer from another port than
/// it was asked on. The system keeps such errors in the socket's receive buffer, so it should not live through hundreds of them.
/// </param>
public sealed record DatagramChannelOptions(
    IPEndPoint Local,
    IPEndPoint? Connect = null,
    IPAddress? MulticastGroup = null,
    IPAddress? MulticastInterface = null,
    bool ReuseAddress = false,
    int MulticastInterfaceIndex = 0,
    bool ReportUnreachable = false);

/// <summary>Opens datagram channels. Thread-safe.</summary>
public interface IDatagramChannelFactory
{
    /// <summary>Opens a channel.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The address is in use or not local.</exception>
    IDatagramChannel Open(DatagramChannelOptions options);
}
