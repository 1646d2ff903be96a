using System.Net.Sockets;
using System.Text;

namespace Btmm.Daemon;

/// <summary>
/// Tells systemd how the process is doing, where it was started with Type=notify: a datagram to the socket that NOTIFY_SOCKET
/// names (sd_notify(3)). Without one nothing happens.
/// </summary>
internal static class ServiceManager
{
    private const string Variable = "NOTIFY_SOCKET";

    internal static void Ready(string status) => Notify($"READY=1\nSTATUS={status}");

    internal static void Stopping() => Notify("STOPPING=1\nSTATUS=Stopping.");

    internal static void Status(string status) => Notify($"STATUS={status}");

    private static void Notify(string state)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 1 } path || path[0] is not ('/' or '@'))
            return;
        // "@" stands for the zero byte of an abstract name.
        string name = path[0] == '@' ? $"\0{path[1..]}" : path;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(name));
        }
        catch (SocketException e)
        {
            // The service manager will time out and say so; the service itself is fine.
            Console.Error.WriteLine($"btmmd: {Variable} cannot be told: {e.Message}");
        }
    }
}
