using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;

namespace Btmm.Platform.Sockets;

/// <summary>
/// Opens a service's UDP sockets on Linux: one for each thread, among which the kernel shares the clients (SO_REUSEPORT), with
/// many datagrams a system call. Thread-safe, without state.
/// </summary>
public sealed class DatagramServerFactory : IDatagramServerFactory
{
    private DatagramServerFactory()
    {
    }

    /// <summary>The factory where this system has what it needs, else null: then a service uses the class library's sockets.</summary>
    public static DatagramServerFactory? Instance { get; } = OperatingSystem.IsLinux() && Environment.Is64BitProcess ? new DatagramServerFactory() : null;

    /// <inheritdoc/>
    public IDatagramServer Open(IPEndPoint local, int ports)
    {
        ArgumentNullException.ThrowIfNull(local);
        ArgumentOutOfRangeException.ThrowIfLessThan(ports, 1);
        var sockets = new List<Socket>();
        try
        {
            // The first one is bound alone, which fails when anybody else has the port; only then others may join it.
            sockets.Add(Bind(local, shared: false));
            var bound = (IPEndPoint)sockets[0].LocalEndPoint!; // bound just now
            if (ports > 1) LinuxSocketOptions.Set(sockets[0], DatagramNative.LevelSocket, DatagramNative.OptionReusePort, 1);
            while (sockets.Count < ports) sockets.Add(Bind(bound, shared: true));
            return new LinuxDatagramServer(sockets, bound);
        }
        catch
        {
            sockets.ForEach(socket => socket.Dispose());
            throw;
        }
    }

    private static Socket Bind(IPEndPoint local, bool shared)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (local.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = false;
            if (shared) LinuxSocketOptions.Set(socket, DatagramNative.LevelSocket, DatagramNative.OptionReusePort, 1);
            socket.Bind(local);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
