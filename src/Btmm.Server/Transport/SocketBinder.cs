using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;

namespace Btmm.Server.Transport;

/// <summary>Binds the sockets of a service, and says in plain words why that fails.</summary>
internal static class SocketBinder
{
    // With port 0 the system picks a TCP port whose UDP twin may be taken.
    private const int MaxTries = 32;

    /// <summary>Binds a TCP and a UDP socket to one port.</summary>
    /// <exception cref="BtmmException">ResourceBusy, PermissionDenied, InvalidValue.</exception>
    internal static (Socket Stream, IDatagramServer Datagram) BindPair(IPEndPoint endpoint, IDatagramServerFactory datagrams, int workers)
    {
        for (int attempt = 1; ; attempt++)
        {
            Socket stream = BindStream(endpoint);
            try
            {
                var chosen = new IPEndPoint(endpoint.Address, ((IPEndPoint)stream.LocalEndPoint!).Port); // bound just now
                return (stream, BindDatagram(chosen, datagrams, workers));
            }
            catch (BtmmException) when (endpoint.Port == 0 && attempt < MaxTries)
            {
                stream.Dispose();
            }
            catch
            {
                stream.Dispose();
                throw;
            }
        }
    }

    /// <summary>Binds UDP sockets to one port.</summary>
    /// <exception cref="BtmmException">ResourceBusy, PermissionDenied, InvalidValue.</exception>
    internal static IDatagramServer BindDatagram(IPEndPoint endpoint, IDatagramServerFactory datagrams, int workers)
    {
        try
        {
            return datagrams.Open(endpoint, workers);
        }
        catch (SocketException error)
        {
            throw Explain(endpoint, error);
        }
    }

    /// <summary>Binds a TCP socket.</summary>
    /// <exception cref="BtmmException">ResourceBusy, PermissionDenied, InvalidValue.</exception>
    internal static Socket BindStream(IPEndPoint endpoint)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endpoint.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = false;
            if (!OperatingSystem.IsWindows())
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true); // a restart need not wait for old connections
            socket.Bind(endpoint);
            return socket;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw Explain(endpoint, error);
        }
    }

    private static BtmmException Explain(IPEndPoint endpoint, SocketException error)
    {
        (BtmmErrorReason reason, string remedy) = error.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => (BtmmErrorReason.ResourceBusy, "Stop the other server on this port, or choose another port."),
            SocketError.AccessDenied => (BtmmErrorReason.PermissionDenied, "Run as root, or choose a port above 1023."),
            _ => (BtmmErrorReason.InvalidValue, "Choose an address of this machine."),
        };
        return new BtmmException(reason, $"The zone service cannot listen at {endpoint}: {error.Message}", remedy, error) { Endpoint = endpoint };
    }
}
