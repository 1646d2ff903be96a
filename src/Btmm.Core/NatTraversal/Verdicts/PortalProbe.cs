using System.Net;
using System.Net.Sockets;
using System.Text;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal.Portal;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>
/// Looks for a sign-in page without the help of third parties: by HTTP to an address that nobody has, to the server that is asked
/// anyway, and to a URL that the user names. Follows nothing, and reads no more than 4 KiB of each answer.
/// </summary>
internal sealed class PortalProbe(IStreamDialer streams, EvidenceLog evidence)
{
    /// <summary>The first address of TEST-NET-1 (RFC 5737): nothing may answer there.</summary>
    internal static readonly IPAddress Nobody = new([192, 0, 2, 1]);

    private const int HttpPort = 80;

    /// <summary>Who intercepts is near.</summary>
    private static readonly TimeSpan s_nobodyLimit = TimeSpan.FromMilliseconds(800);

    private static readonly TimeSpan s_serverLimit = TimeSpan.FromMilliseconds(1500);

    /// <summary>Asks at an address that nobody has.</summary>
    internal Task<PortalFacts> AskNobodyAsync(CancellationToken cancellationToken) => AskAsync(
        new IPEndPoint(Nobody, HttpPort), $"{Nobody}", "/", s_nobodyLimit, PortalRules.AtNobody, cancellationToken);

    /// <summary>Asks a server at the port of HTTP, where nothing of ours listens.</summary>
    internal Task<PortalFacts> AskServerAsync(IPAddress server, CancellationToken cancellationToken) => AskAsync(
        new IPEndPoint(server, HttpPort), $"{server}", "/", s_serverLimit, answer => PortalRules.AtServer(answer, $"{server}"), cancellationToken);

    /// <summary>Asks a URL that answers 204.</summary>
    internal async Task<PortalFacts> AskUrlAsync(
        Uri url, Func<string, CancellationToken, Task<IReadOnlyList<IPAddress>>>? resolve, CancellationToken cancellationToken)
    {
        long start = evidence.Now;
        try
        {
            IPAddress? address = await FindAsync(url, resolve, cancellationToken).ConfigureAwait(false);
            if (address is not null)
                return await AskAsync(new IPEndPoint(address, url.Port), Host(url), url.PathAndQuery, s_serverLimit, PortalRules.AtProbe, cancellationToken).ConfigureAwait(false);
            evidence.Add(GatewayStep.Portal, url.Authority, "has no IPv4 address", start);
        }
        catch (Exception e) when (e is BtmmException or SocketException)
        {
            // A name that is not found is a trouble of this question alone: the others may have found the page by then.
            evidence.Add(GatewayStep.Portal, url.Authority, e.Message, start);
        }
        catch (OperationCanceledException)
        {
            evidence.Add(GatewayStep.Portal, url.Authority, "its address was not found in time", start);
        }

        return PortalFacts.None;
    }

    /// <summary>What the Host header says (RFC 9110 §7.2): a name in ASCII, an address as it is, and the port unless it is HTTP's own.</summary>
    private static string Host(Uri url)
    {
        string name = url.HostNameType == UriHostNameType.Dns ? url.IdnHost : url.Host;
        return url.IsDefaultPort ? name : $"{name}:{url.Port}";
    }

    private static async Task<IPAddress?> FindAsync(
        Uri url, Func<string, CancellationToken, Task<IReadOnlyList<IPAddress>>>? resolve, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(url.IdnHost, out IPAddress? literal)) return literal;
        IReadOnlyList<IPAddress> found = resolve is null ? [] : await resolve(url.IdnHost, cancellationToken).ConfigureAwait(false);
        return found.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork);
    }

    private async Task<PortalFacts> AskAsync(
        IPEndPoint remote, string host, string path, TimeSpan limit, Func<PortalAnswer, PortalSign> judge, CancellationToken cancellationToken)
    {
        long start = evidence.Now;
        using var timer = new CancellationTokenSource(limit, evidence.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        string answered;
        PortalFacts facts = PortalFacts.None;
        try
        {
            ReadOnlyMemory<byte> bytes = await FetchAsync(remote, host, path, either.Token).ConfigureAwait(false);
            if (PortalAnswer.TryParse(bytes.Span, out PortalAnswer? answer)) facts = new PortalFacts(judge(answer), PortalRules.Page(answer, host));
            answered = answer is null ? "no HTTP" : $"HTTP {answer.Status}{(answer.Location is { } to ? $" to {to}" : answer.IsPage ? ", a page" : "")}";
        }
        catch (OperationCanceledException)
        {
            answered = "no answer";
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            answered = e is SocketException { SocketErrorCode: SocketError.ConnectionRefused } ? "refused" : "unreachable";
        }

        evidence.Add(GatewayStep.Portal, $"{remote} HTTP", answered, start);
        return facts;
    }

    private async Task<ReadOnlyMemory<byte>> FetchAsync(IPEndPoint remote, string host, string path, CancellationToken cancellationToken)
    {
        Stream stream = await streams.ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            byte[] request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: btmm\r\nAccept: */*\r\nConnection: close\r\n\r\n");
            await stream.WriteAsync(request, cancellationToken).ConfigureAwait(false);
            return await ReadAsync(stream, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads until the head is there and a little of what follows, or the end, or the time is up.</summary>
    private static async Task<ReadOnlyMemory<byte>> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[PortalAnswer.MaxLength];
        int length = 0;
        try
        {
            while (length < buffer.Length && !HasHead(buffer.AsSpan(0, length)))
            {
                int count = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
                if (count == 0) break;
                length += count;
            }
        }
        catch (Exception e) when (length > 0 && e is OperationCanceledException or IOException)
        {
            // A first line alone tells enough.
        }

        return buffer.AsMemory(0, length);
    }

    private static bool HasHead(ReadOnlySpan<byte> bytes) => bytes.IndexOf("\r\n\r\n"u8) is var end and >= 0 && bytes.Length > end + 4;
}
