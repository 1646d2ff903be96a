using System.Net;
using Btmm.Core.Dns;

namespace Btmm.Platform.Linux;

/// <summary>The resolvers in <c>resolv.conf</c>, read again at each use because networks change. Thread-safe.</summary>
/// <param name="path">The file.</param>
public sealed class ResolvConf(string path = "/etc/resolv.conf") : INameServerSource
{
    private const int DnsPort = 53;
    private const int MaxServers = 3; // MAXNS of resolv.conf(5)

    /// <inheritdoc/>
    public IReadOnlyList<IPEndPoint> GetNameServers()
    {
        try
        {
            return File.Exists(path) ? Parse(File.ReadLines(path)) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It may vanish for a moment while a network manager rewrites it; the caller tries again later.
            return [];
        }
    }

    internal static IReadOnlyList<IPEndPoint> Parse(IEnumerable<string> lines)
    {
        var servers = new List<IPEndPoint>();
        foreach (string line in lines)
        {
            string[] words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || words[0] != "nameserver" || servers.Count == MaxServers) continue;
            if (IPAddress.TryParse(words[1], out IPAddress? address)) servers.Add(new IPEndPoint(address, DnsPort));
        }

        return servers;
    }
}
