using System.Net;
using System.Net.Sockets;

namespace Btmm.TestKit;

/// <summary>
/// Ports for programs that cannot be told to take any. They lie below those that the system gives to whoever asks for port 0, so
/// that none is lost between its choice and its use; no two calls in a process give the same. Thread-safe.
/// </summary>
public static class FreePort
{
    private const int First = 20_000;
    private const int Count = 12_000;

    private static int s_last = Random.Shared.Next(Count);

    /// <summary>A port that nobody uses on any address, neither by UDP nor by TCP.</summary>
    public static int Take()
    {
        while (true)
        {
            int port = First + (int)((uint)Interlocked.Increment(ref s_last) % Count);
            if (IsFree(port, SocketType.Dgram, ProtocolType.Udp) && IsFree(port, SocketType.Stream, ProtocolType.Tcp)) return port;
        }
    }

    private static bool IsFree(int port, SocketType type, ProtocolType protocol)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, type, protocol);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }
}
