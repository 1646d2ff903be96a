using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Btmm.Core.Contracts;

namespace Btmm.Platform.Sockets;

/// <summary>Opens UDP sockets of the operating system. Thread-safe, without state.</summary>
public sealed class UdpDatagramChannelFactory : IDatagramChannelFactory
{
    /// <summary>Windows: whether an ICMP port-unreachable fails the next receive of an unconnected socket.</summary>
    private const int SioUdpConnReset = unchecked((int)0x9800000C);

    // Linux (in.h, in6.h): whether a socket that is not connected is told of ICMP errors.
    private const int IpLevel = 0;
    private const int IpReceiveErrors = 11;
    private const int Ipv6Level = 41;
    private const int Ipv6ReceiveErrors = 25;

    /// <summary>Linux (in.h): whether a socket hears groups that others on this host have joined, on whichever interface.</summary>
    private const int IpMulticastAll = 49;

    /// <inheritdoc/>
    public IDatagramChannel Open(DatagramChannelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Socket socket = new(options.Local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            Prepare(socket, options);
            return new UdpDatagramChannel(socket, options.Connect, options.ReportUnreachable);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Prepare(Socket socket, DatagramChannelOptions options)
    {
        bool windows = RuntimeInformation.IsOSPlatform(OSPlatform.Windows);
        if (options.Local.AddressFamily == AddressFamily.InterNetworkV6 && options.Local.Address.Equals(IPAddress.IPv6Any))
            socket.DualMode = true;
        if (windows && options.Connect is null && !options.ReportUnreachable) socket.IOControl(SioUdpConnReset, [0, 0, 0, 0], null);
        if (OperatingSystem.IsLinux() && options.ReportUnreachable) ReportErrors(socket);
        if (options.ReuseAddress) socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);

        // Windows cannot bind to a group's address; elsewhere that keeps unicast datagrams out.
        socket.Bind(windows && IsMulticast(options.Local.Address)
            ? new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, options.Local.Port)
            : options.Local);
        if (options.MulticastGroup is not null) Join(socket, options.MulticastGroup, options);
        else if (options.MulticastInterface is { AddressFamily: AddressFamily.InterNetwork } outgoing)
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, outgoing.GetAddressBytes());
        if (options.Connect is not null) socket.Connect(options.Connect);
    }

    /// <summary>Joins a group on one interface, and hears it there only: another network may have a gateway of the same address.</summary>
    private static void Join(Socket socket, IPAddress group, DatagramChannelOptions options)
    {
        if (socket.AddressFamily == AddressFamily.InterNetworkV6)
        {
            IPv6MulticastOption membership = new(group, options.MulticastInterfaceIndex);
            socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, membership);
            return;
        }

        // Of IPv6, the scope of a link-local group says as much.
        if (OperatingSystem.IsLinux()) socket.SetRawSocketOption(IpLevel, IpMulticastAll, BitConverter.GetBytes(0));
        MulticastOption option = options.MulticastInterface is null
            ? new MulticastOption(group)
            : new MulticastOption(group, options.MulticastInterface);
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, option);
    }

    private static void ReportErrors(Socket socket)
    {
        byte[] on = BitConverter.GetBytes(1);
        if (socket.AddressFamily == AddressFamily.InterNetworkV6) socket.SetRawSocketOption(Ipv6Level, Ipv6ReceiveErrors, on);
        if (socket.AddressFamily == AddressFamily.InterNetwork || socket.DualMode) socket.SetRawSocketOption(IpLevel, IpReceiveErrors, on);
    }

    private static bool IsMulticast(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6) return address.IsIPv6Multicast;
        Span<byte> bytes = stackalloc byte[4];
        return address.TryWriteBytes(bytes, out _) && (bytes[0] & 0xF0) == 0xE0;
    }
}
