using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Btmm.Platform.Sockets;

/// <summary>Options of Linux sockets that the class library has no names for.</summary>
internal static class LinuxSocketOptions
{
    /// <summary>Sets an option that is a number.</summary>
    /// <exception cref="SocketException">The system refuses.</exception>
    internal static void Set(Socket socket, int level, int option, int value) =>
        socket.SetRawSocketOption(level, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));

    /// <summary>Sets an option that is a number; false when the system refuses.</summary>
    internal static bool TrySet(Socket socket, int level, int option, int value)
    {
        try
        {
            Set(socket, level, option, value);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Asks for buffers: beyond the system's limit only with CAP_NET_ADMIN, else as much as the limit gives.</summary>
    internal static void SetBuffers(Socket socket, int bytes)
    {
        if (!TrySet(socket, DatagramNative.LevelSocket, DatagramNative.OptionReceiveBufferForce, bytes))
            socket.ReceiveBufferSize = bytes;
        if (!TrySet(socket, DatagramNative.LevelSocket, DatagramNative.OptionSendBufferForce, bytes))
            socket.SendBufferSize = bytes;
    }

    /// <summary>
    /// Sends without "don't fragment" and ignores what ICMP says about the path's MTU: forged ICMP has no effect, and what is too
    /// long for some link is fragmented there.
    /// </summary>
    internal static void IgnorePathMtu(Socket socket)
    {
        if (socket.AddressFamily == AddressFamily.InterNetwork && !TrySet(socket, DatagramNative.LevelIp, DatagramNative.OptionMtuDiscover, DatagramNative.MtuDiscoverOmit))
            TrySet(socket, DatagramNative.LevelIp, DatagramNative.OptionMtuDiscover, DatagramNative.MtuDiscoverDont);
    }
}
