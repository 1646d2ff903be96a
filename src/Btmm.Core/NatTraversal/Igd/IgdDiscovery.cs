using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>Finds the service of a gateway that maps ports best. Used by one task at a time.</summary>
/// <param name="route">The gateway.</param>
/// <param name="channels">Opens UDP sockets.</param>
/// <param name="http">Fetches from the gateway.</param>
/// <param name="time">The clock.</param>
/// <param name="refusals">Where refused answers are counted.</param>
internal sealed class IgdDiscovery(
    GatewayRoute route, IDatagramChannelFactory channels, IgdHttpClient http, TimeProvider time, IgdRefusals refusals)
{
    private const int MaxProbes = 6;

    private BtmmException? _failure;

    /// <summary>How many rounds of searches the last one took.</summary>
    internal int Rounds { get; private set; }

    /// <summary>
    /// Searches, fetches the descriptions and asks the services that they name. Ends at the first gateway that is up and has a public
    /// address; otherwise waits a moment for another one and takes the best.
    /// </summary>
    /// <exception cref="BtmmException">There is none.</exception>
    internal async Task<IgdConnection> FindAsync(ExchangeEffort effort, CancellationToken cancellationToken)
    {
        _failure = null;
        int refused = refusals.Count;
        IgdConnection? best = null;
        int searches;
        try
        {
            IgdSearch search = new(route, channels, time, refusals);
            await using (search.ConfigureAwait(false))
            {
                best = await FindAsync(search, IgdLimits.Search(effort), cancellationToken).ConfigureAwait(false);
                (searches, Rounds) = (search.Sent, search.Rounds);
            }
        }
        catch (SocketException e)
        {
            throw IgdErrors.Unreachable(new IPEndPoint(route.Gateway, IgdConstants.SsdpPort), e.Message, e);
        }

        if (best is not null) return best;
        if (_failure is not null) throw _failure;
        throw refusals.Count > refused
            ? IgdErrors.PointsElsewhere(route.Gateway, refusals.Last)
            : IgdErrors.Silent(route.Gateway, searches, effort);
    }

    private async Task<IgdConnection?> FindAsync(IgdSearch search, TimeSpan limit, CancellationToken cancellationToken)
    {
        IgdConnection? best = null;
        for (int descriptions = 0; descriptions < IgdLimits.MaxDescriptions; descriptions++)
        {
            if (await search.NextAsync(limit, cancellationToken).ConfigureAwait(false) is not { } found) break;
            IgdConnection? candidate = await ExamineAsync(found, cancellationToken).ConfigureAwait(false);
            if (candidate is null) continue;
            if (best is null)
            {
                TimeSpan wait = search.Elapsed + IgdLimits.BetterWait;
                if (wait < limit) limit = wait;
            }

            if (best is null || candidate.Score > best.Score) best = candidate;
            if (best.IsPerfect) break;
        }

        return best;
    }

    /// <summary>The best service of a description; null when it has none that can be used, with the failure noted.</summary>
    private async Task<IgdConnection?> ExamineAsync(IgdFound found, CancellationToken cancellationToken)
    {
        IgdConnection? best = null;
        try
        {
            IgdDescription description = await FetchAsync(found.Location, cancellationToken).ConfigureAwait(false);
            foreach (IgdClient client in Clients(description, found.Location).Take(MaxProbes))
            {
                IgdConnection? candidate = await ProbeAsync(client, description, found.BootId, cancellationToken).ConfigureAwait(false);
                if (candidate is not null && (best is null || candidate.Score > best.Score)) best = candidate;
            }

            if (best is null) _failure ??= IgdErrors.NoService(found.Location.Endpoint);
        }
        catch (BtmmException e)
        {
            _failure ??= e; // Another description may be better; if there is none, this is told.
        }

        return best;
    }

    private async Task<IgdDescription> FetchAsync(IgdUrl location, CancellationToken cancellationToken)
    {
        IgdHttpReply reply = await http.GetAsync(location, cancellationToken).ConfigureAwait(false);
        if (!reply.IsSuccess) throw IgdErrors.Unreachable(location.Endpoint, $"{location} is not there (HTTP {reply.Status}).");
        return IgdDescription.TryParse(reply.Body, out IgdDescription description)
            ? description
            : throw IgdErrors.Malformed(location.Endpoint, $"has no readable device description at {location}");
    }

    private IEnumerable<IgdClient> Clients(IgdDescription description, IgdUrl location)
    {
        foreach (IgdService service in description.Services)
        {
            IgdUrlFault fault = IgdUrl.Resolve(service.ControlUrl, description.UrlBase, location, out IgdUrl control);
            if (fault == IgdUrlFault.None)
            {
                yield return new IgdClient(http, control, service);
                continue;
            }

            string refusal = $"its {service.Kind} service is said to be at \"{IgdSearch.Shown(service.ControlUrl)}\" of "
                + $"\"{IgdSearch.Shown(description.UrlBase ?? location.ToString())}\", {IgdSearch.Because(fault)}";
            refusals.Add(refusal);
            _failure ??= IgdErrors.PointsElsewhere(route.Gateway, refusal);
        }
    }

    private async Task<IgdConnection?> ProbeAsync(
        IgdClient client, IgdDescription description, uint? bootId, CancellationToken cancellationToken)
    {
        try
        {
            IgdStatus status = await client.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            IgdAddress address = await client.GetAddressAsync(cancellationToken).ConfigureAwait(false);
            return new IgdConnection(client, description, status, address, bootId);
        }
        catch (BtmmException e)
        {
            _failure ??= e;
            return null;
        }
    }
}
