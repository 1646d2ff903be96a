using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Identity;

namespace Btmm.Core.Dns;

/// <summary>
/// Follows the records of a host of the account: AAAA of its name, SRV of its tunnel, A and TXT of the SRV's target, whatever
/// that target is called. Thread-safe.
/// </summary>
public sealed class BtmmNameResolver
{
    private readonly ZoneLocator _zone;
    private readonly DnsClient _client;

    /// <summary>Joins the parts.</summary>
    /// <param name="zone">Knows servers and key.</param>
    /// <param name="client">Asks.</param>
    public BtmmNameResolver(ZoneLocator zone, DnsClient client)
    {
        _zone = zone;
        _client = client;
    }

    /// <summary>Looks a host up.</summary>
    /// <param name="host">Its label, such as <c>studio</c>, or its whole name.</param>
    /// <param name="cancellationToken">Ends the look-up.</param>
    /// <exception cref="BtmmException">NameNotFound: nothing is published under the name. InvalidValue: it is no name.</exception>
    public async Task<ResolvedHost> ResolveAsync(string host, CancellationToken cancellationToken = default)
    {
        DnsName name = MakeName(host);
        Task<IReadOnlyList<DnsData>> addresses = AskAsync(name, DnsType.AAAA, cancellationToken);
        Task<IReadOnlyList<DnsData>> services = AskAsync(name.PrependLabels(AutoTunnelNames.ServiceLabels), DnsType.SRV, cancellationToken);
        await Task.WhenAll(addresses, services).ConfigureAwait(false);
        AaaaData? identifier = (await addresses.ConfigureAwait(false)).OfType<AaaaData>().FirstOrDefault();
        SrvData? service = (await services.ConfigureAwait(false)).OfType<SrvData>().OrderBy(srv => srv.Priority).FirstOrDefault(srv => !srv.Target.IsRoot);
        if (identifier is null && service is null)
        {
            throw new BtmmException(
                BtmmErrorReason.NameNotFound, $"The zone has no records of a host {name}.", "Check the spelling, and that the host's node runs and has published its records.");
        }

        var resolved = new ResolvedHost { Name = name, Identifier = identifier?.Address };
        return service is null ? resolved : await FollowAsync(resolved, service, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ResolvedHost> FollowAsync(ResolvedHost host, SrvData service, CancellationToken cancellationToken)
    {
        Task<IReadOnlyList<DnsData>> addresses = AskAsync(service.Target, DnsType.A, cancellationToken);
        Task<IReadOnlyList<DnsData>> texts = AskAsync(service.Target, DnsType.TXT, cancellationToken);
        await Task.WhenAll(addresses, texts).ConfigureAwait(false);
        AData? address = (await addresses.ConfigureAwait(false)).OfType<AData>().FirstOrDefault();
        return host with
        {
            Target = service.Target,
            Endpoint = address is null ? null : new IPEndPoint(address.Address, service.Port),
            Text = (await texts.ConfigureAwait(false)).OfType<TxtData>().FirstOrDefault()?.Strings ?? [],
        };
    }

    private async Task<IReadOnlyList<DnsData>> AskAsync(DnsName name, DnsType type, CancellationToken cancellationToken)
    {
        ZoneServers servers = await _zone.GetAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            DnsReply reply = await _client.QueryAsync(new DnsQuestion(name, type), servers.Primary, _zone.Key, cancellationToken: cancellationToken).ConfigureAwait(false);
            return [.. reply.Message.Answers.Where(record => record.Type == type).Select(record => record.Data)];
        }
        catch (BtmmException e)
        {
            _zone.Report(e);
            throw;
        }
    }

    /// <summary>A name in the account stays as it is; a lone label is put before the account's domain.</summary>
    private DnsName MakeName(string host)
    {
        if (DnsName.TryParse(host, out DnsName? name))
        {
            if (name.IsSubdomainOf(_zone.Domain) && name != _zone.Domain) return name;
            if (name.LabelCount == 1 && name.WireLength + _zone.Domain.WireLength <= DnsNameWire.MaxLength) return _zone.Domain.PrependLabels(host);
        }

        throw new BtmmException(
            BtmmErrorReason.InvalidValue, $"'{host}' is not the name of a host of {_zone.Domain}.", "Write a host's label, or its whole name below the account's domain.");
    }
}
