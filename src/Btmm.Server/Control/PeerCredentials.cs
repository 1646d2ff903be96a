using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Btmm.Server.Control;

/// <summary>Whether the other end of a Unix domain socket is this service's own user or root. Holds no state.</summary>
internal static class PeerCredentials
{
    // Linux: SOL_SOCKET, SO_PEERCRED; struct ucred { pid_t pid; uid_t uid; gid_t gid; }
    private const int SocketLevel = 1;
    private const int PeerCredentialsOption = 17;
    private const int UserAt = 4;
    private const int CredentialsSize = 12;

    private static readonly uint? s_own = OperatingSystem.IsLinux() ? ReadOwn() : null;

    /// <summary>On systems other than Linux the file's mode alone decides.</summary>
    internal static bool IsTrusted(Socket connection)
    {
        if (!OperatingSystem.IsLinux())
            return true;
        Span<byte> credentials = stackalloc byte[CredentialsSize];
        try
        {
            int length = connection.GetRawSocketOption(SocketLevel, PeerCredentialsOption, credentials);
            uint user = MemoryMarshal.Read<uint>(credentials[UserAt..]);
            return length == CredentialsSize && (user == 0 || user == s_own);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // "Uid: real effective saved file-system".
    private static uint? ReadOwn()
    {
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("Uid:", StringComparison.Ordinal))
                return uint.Parse(line.Split('\t', StringSplitOptions.RemoveEmptyEntries)[2], CultureInfo.InvariantCulture);
        }

        return null;
    }
}
