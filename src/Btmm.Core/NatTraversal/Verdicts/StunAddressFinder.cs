using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Dns.Tls;
using Btmm.Protocol;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.Stun;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>Asks STUN servers (RFC 8489) from a port of its own; the first answer from outside counts. Thread-safe.</summary>
/// <param name="servers">Finds whom to ask; the first few IPv4 ones are.</param>
/// <param name="channels">Where sockets come from.</param>
/// <param name="random">For transaction ids.</param>
/// <param name="time">The clock.</param>
public sealed class StunAddressFinder(
    Func<CancellationToken, Task<IReadOnlyList<IPEndPoint>>> servers, IDatagramChannelFactory channels, IRandomSource random, TimeProvider time)
    : IExternalAddressFinder
{
    private const int MaxServers = 4;
    private const int DnsPort = 53;

    /// <summary>Whom to ask by STUN in place of a zone's server: one that is spoken to by TLS answers STUN where it would answer plain DNS.</summary>
    /// <param name="server">The server.</param>
    public static IPEndPoint Asked(IPEndPoint server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server is TlsEndPoint ? new IPEndPoint(server.Address, DnsPort) : server;
    }

    /// <inheritdoc/>
    public async Task<IPAddress?> FindAsync(IPAddress local, CancellationToken cancellationToken)
    {
        IReadOnlyList<IPEndPoint> found = await servers(cancellationToken).ConfigureAwait(false);
        IPEndPoint[] asked = [.. found.Where(server => server.AddressFamily == AddressFamily.InterNetwork).Select(Asked).Distinct().Take(MaxServers)];
        if (asked.Length == 0) return null;
        StunClient client;
        try
        {
            client = new StunClient(channels, new DatagramChannelOptions(new IPEndPoint(local, 0)), random, time);
        }
        catch (SocketException)
        {
            return null; // The address has just gone; whoever asks does so again on the next network.
        }

        await using (client.ConfigureAwait(false))
        {
            return await FirstAsync(client, asked, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<IPAddress?> FirstAsync(StunClient client, IPEndPoint[] asked, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<StunOutcome>[] questions = [.. asked.Select(server => client.AskAsync(new StunQuery(server), enough.Token))];
        IPAddress? address = null;
        IPAddress? inside = null;
        await foreach (Task<StunOutcome> done in Task.WhenEach(questions).ConfigureAwait(false))
        {
            if (!done.IsCompletedSuccessfully || done.Result.Response?.MappedAddress is not { } mapped) continue;
            if (!ExternalAddress.IsPublic(mapped.Address))
            {
                inside ??= mapped.Address; // A server in this network looks through fewer NATs than those outside.
                continue;
            }

            address ??= mapped.Address;
            await enough.CancelAsync().ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return address ?? inside;
    }
}
