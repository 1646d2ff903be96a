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
    private int _silences;

    /// <summary>How many rounds of searches the last one took; 1 when none was needed.</summary>
    internal int Rounds { get; private set; }

    /// <summary>
    /// Looks where the description was before, else searches; fetches the descriptions and asks the services that they name. Ends at
    /// the first gateway that is up and has a public address; otherwise waits a moment for another one and takes the best.
    /// </summary>
    /// <param name="remembered">Where the gateway says, or said, that its description is; null when nothing is known.</param>
    /// <param name="effort">How hard it is looked for.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="BtmmException">There is none.</exception>
    internal async Task<IgdConnection> FindAsync(string? remembered, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        IgdConnection? best = await RecallAsync(remembered, cancellationToken).ConfigureAwait(false);
        Rounds = 1;
        if (best is { IsPerfect: true }) return best;
        _failure = null; // What the search meets with is newer.
        int refused = refusals.Count;
        bool isHeard;
        int searches;
        try
        {
            IgdSearch search = new(route, channels, time, refusals, _silences);
            await using (search.ConfigureAwait(false))
            {
                best = await SearchAsync(search, best, effort, cancellationToken).ConfigureAwait(false);
                (searches, Rounds, isHeard) = (search.Sent, search.Rounds, search.IsHeard);
            }
        }
        catch (SocketException e)
        {
            throw IgdErrors.Unreachable(new IPEndPoint(route.Gateway, IgdConstants.SsdpPort), e.Message, e);
        }

        if (best is not null) return best;
        if (_failure is not null) throw _failure;
        if (refusals.Count == refused) throw IgdErrors.Silent(route.Gateway, searches, effort);
        throw isHeard
            ? IgdErrors.PointsElsewhere(route.Gateway, refusals.Last)
            : IgdErrors.OnlyAnother(route.Gateway, refusals.Last, searches, effort);
    }

    /// <summary>
    /// What is where the description was before, as far as it is still on the gateway itself. It saves the search, whose answer
    /// devices may delay by up to a second (UDA 1.1 §1.3.3) and which every device on the link hears.
    /// </summary>
    private async Task<IgdConnection?> RecallAsync(string? remembered, CancellationToken cancellationToken) =>
        remembered is not null && IgdUrl.Check(remembered, route.Gateway, out IgdUrl location) == IgdUrlFault.None
            ? await ExamineAsync(new IgdFound(location, null), IgdLimits.Recall, cancellationToken).ConfigureAwait(false)
            : null;

    private async Task<IgdConnection?> SearchAsync(
        IgdSearch search, IgdConnection? recalled, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        TimeSpan limit = IgdLimits.Search(effort);
        if (_silences > 0 && limit > IgdLimits.SmallSearch) limit = IgdLimits.SmallSearch;
        if (recalled is not null)
        {
            search.Skip(recalled.Location);
            if (limit > IgdLimits.BetterWait) limit = IgdLimits.BetterWait;
        }

        try
        {
            return await FindAsync(search, recalled, limit, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Also when it was cut short: other ways to the gateway may have been faster each time.
            if (search.IsHeard) _silences = 0;
            else if (_silences > 0 || search.Elapsed >= IgdLimits.Silence) _silences++;
        }
    }

    private async Task<IgdConnection?> FindAsync(
        IgdSearch search, IgdConnection? best, TimeSpan limit, CancellationToken cancellationToken)
    {
        for (int descriptions = 0; descriptions < IgdLimits.MaxDescriptions; descriptions++)
        {
            if (await search.NextAsync(limit, cancellationToken).ConfigureAwait(false) is not { } found) break;
            IgdConnection? candidate = await ExamineAsync(found, IgdLimits.Request, cancellationToken).ConfigureAwait(false);
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
    private async Task<IgdConnection?> ExamineAsync(IgdFound found, TimeSpan limit, CancellationToken cancellationToken)
    {
        IgdConnection? best = null;
        try
        {
            IgdDescription description = await FetchAsync(found.Location, limit, cancellationToken).ConfigureAwait(false);
            foreach (IgdClient client in Clients(description, found.Location).Take(MaxProbes))
            {
                IgdConnection? candidate = await ProbeAsync(client, found, description, cancellationToken).ConfigureAwait(false);
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

    private async Task<IgdDescription> FetchAsync(IgdUrl location, TimeSpan limit, CancellationToken cancellationToken)
    {
        IgdHttpReply reply = await http.GetAsync(location, limit, cancellationToken).ConfigureAwait(false);
        if (!reply.IsSuccess) throw IgdErrors.Unreachable(location.Endpoint, $"{location} is not there (HTTP {reply.Status}).");
        return IgdDescription.TryParse(reply.Body, out IgdDescription description)
            ? description
            : throw refusals.Malformed(
                RefusedAnswerKind.UnreadableDescription, location.Endpoint, $"has no readable device description at {location}");
    }

    private IEnumerable<IgdClient> Clients(IgdDescription description, IgdUrl location)
    {
        foreach (IgdService service in description.Services)
        {
            IgdUrlFault fault = IgdUrl.Resolve(service.ControlUrl, description.UrlBase, location, out IgdUrl control);
            if (fault == IgdUrlFault.None)
            {
                yield return new IgdClient(http, control, service, refusals);
                continue;
            }

            string refusal = $"its {service.Kind} service is said to be at \"{IgdSearch.Shown(service.ControlUrl)}\" of "
                + $"\"{IgdSearch.Shown(description.UrlBase ?? location.ToString())}\", {IgdSearch.Because(fault)}";
            refusals.Add(RefusedAnswerKind.PointsElsewhere, refusal);
            _failure ??= IgdErrors.PointsElsewhere(route.Gateway, refusal);
        }
    }

    private async Task<IgdConnection?> ProbeAsync(
        IgdClient client, IgdFound found, IgdDescription description, CancellationToken cancellationToken)
    {
        try
        {
            IgdStatus status = await client.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            IgdAddress address = await client.GetAddressAsync(cancellationToken).ConfigureAwait(false);
            return new IgdConnection(client, found.Location, description, status, address, found.BootId);
        }
        catch (BtmmException e)
        {
            _failure ??= e;
            return null;
        }
    }
}
