using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;

namespace Btmm.Server.Transport;

/// <summary>Opens UDP sockets by the class library alone, for systems that have nothing better. Thread-safe, without state.</summary>
internal sealed class PlainDatagramServerFactory : IDatagramServerFactory
{
    internal static PlainDatagramServerFactory Instance { get; } = new();

    public IDatagramServer Open(IPEndPoint local, int ports)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (local.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = false;
            socket.Bind(local);
            return new PlainDatagramServer(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
