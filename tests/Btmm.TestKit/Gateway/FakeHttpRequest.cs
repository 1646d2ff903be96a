using System.Globalization;
using System.Net;
using System.Text;

namespace Btmm.TestKit;

/// <summary>An HTTP request that a <see cref="FakeGateway"/> received.</summary>
/// <param name="Method">GET or POST, as a rule.</param>
/// <param name="Path">The path.</param>
/// <param name="Headers">The headers; names in any case.</param>
/// <param name="Body">The body.</param>
/// <param name="Client">Who sent it.</param>
public sealed record FakeHttpRequest(
    string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body, IPEndPoint Client)
{
    private const int MaxHeader = 16 * 1024;
    private const int MaxBody = 64 * 1024;

    /// <summary>Reads the next request of a connection. Null when there is none any more.</summary>
    internal static async Task<FakeHttpRequest?> ReadAsync(VirtualConnection connection, CancellationToken cancellationToken)
    {
        List<byte> head = [];
        byte[] one = new byte[1];
        while (head.Count < 4 || !head[^4..].SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            if (head.Count > MaxHeader || await connection.ReadAsync(one, cancellationToken).ConfigureAwait(false) == 0) return null;
            head.Add(one[0]);
        }

        string[] lines = Encoding.ASCII.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] first = lines[0].Split(' ');
        if (first.Length != 3) return null;
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines[1..])
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0) headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        int length = headers.TryGetValue("Content-Length", out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
        if (length is < 0 or > MaxBody) return null;
        byte[] body = new byte[length];
        await connection.ReadExactlyAsync(body, cancellationToken).ConfigureAwait(false);
        return new FakeHttpRequest(first[0], first[1], headers, Encoding.UTF8.GetString(body), connection.RemoteEndPoint);
    }
}
