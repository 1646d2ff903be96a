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

    /// <inheritdoc/>
    public IDatagramChannel Open(DatagramChannelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Socket socket = new(options.Local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            Prepare(socket, options);
            return new UdpDatagramChannel(socket, options.Connect);
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
        if (windows && options.Connect is null) socket.IOControl(SioUdpConnReset, [0, 0, 0, 0], null);
        if (options.ReuseAddress) socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);

        // Windows cannot bind to a group's address; elsewhere that keeps unicast datagrams out.
        bool group = options.Local.Address.AddressFamily == AddressFamily.InterNetwork && IsMulticast(options.Local.Address);
        socket.Bind(windows && group ? new IPEndPoint(IPAddress.Any, options.Local.Port) : options.Local);
        if (options.MulticastGroup is not null)
        {
            MulticastOption membership = options.MulticastInterface is null
                ? new MulticastOption(options.MulticastGroup)
                : new MulticastOption(options.MulticastGroup, options.MulticastInterface);
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, membership);
        }

        if (options.Connect is not null) socket.Connect(options.Connect);
    }

    private static bool IsMulticast(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        return address.TryWriteBytes(bytes, out _) && (bytes[0] & 0xF0) == 0xE0;
    }
}
