using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;

namespace Btmm.Platform.Sockets;

/// <summary>Opens the packet path's socket: many datagrams a system call on Linux, plain elsewhere. Thread-safe.</summary>
public sealed class DatagramSocketFactory : IDatagramSocketFactory
{
    /// <summary>What we ask for in each direction, in bytes: bursts of a fast sender outlast a scheduling delay.</summary>
    internal const int BufferBytes = 7 * 1024 * 1024;

    private readonly bool _allowBatches;
    private readonly bool _allowOffload;

    /// <summary>Makes a factory.</summary>
    /// <param name="allowBatches">False for plain sockets everywhere.</param>
    /// <param name="allowOffload">False for no UDP segmentation and coalescing by the kernel.</param>
    public DatagramSocketFactory(bool allowBatches = true, bool allowOffload = true)
    {
        _allowBatches = allowBatches;
        _allowOffload = allowOffload;
    }

    /// <inheritdoc/>
    public IDatagramSocket Open(IPEndPoint local)
    {
        ArgumentNullException.ThrowIfNull(local);
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Bind(local);
            // The structures of the batch calls are those of 64-bit Linux.
            if (_allowBatches && OperatingSystem.IsLinux() && Environment.Is64BitProcess)
                return new LinuxDatagramSocket(socket, _allowOffload);
            return new PlainDatagramSocket(socket);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw Translate(error, local);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static BtmmException Translate(SocketException error, IPEndPoint local) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => new BtmmException(
            BtmmErrorReason.ResourceBusy,
            $"UDP port {local.Port} is already in use.",
            "Stop the program that holds it, or choose another port.",
            error)
        { Endpoint = local },
        SocketError.AccessDenied => new BtmmException(
            BtmmErrorReason.PermissionDenied,
            $"UDP port {local.Port} may not be used by this user.",
            "Choose a port above 1023, or run as root.",
            error)
        { Endpoint = local },
        _ => new BtmmException(
            BtmmErrorReason.InvalidValue,
            $"No UDP socket can be opened at {local}: {error.Message}",
            "Bind to 0.0.0.0 or to an address of this host.",
            error)
        { Endpoint = local },
    };
}
