using System.Diagnostics.CodeAnalysis;
using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Identity;

namespace Btmm.Core.Peers;

/// <summary>
/// Follows the account's records from the list of hosts to each host's endpoint: PTR list → SRV and host AAAA → target A and TXT.
/// Takes record sets in, says which sets to watch and what they amount to. No I/O; not thread-safe.
/// </summary>
public sealed class PeerDirectory
{
    /// <summary>The most hosts that are followed; further ones are ignored.</summary>
    public const int MaxHosts = 512;

    private const int LongestLabel = 63;

    private readonly DnsName _domain;
    private readonly DnsName _ownService;
    private readonly DnsQuestion _list;
    private readonly Dictionary<DnsQuestion, IReadOnlyList<DnsRecord>> _sets = [];

    /// <summary>Starts with nothing known but the list's name.</summary>
    /// <param name="domain">The account's domain.</param>
    /// <param name="ownHost">This host's name, which is skipped.</param>
    public PeerDirectory(DnsName domain, DnsName ownHost)
    {
        _domain = domain;
        _ownService = ownHost.PrependLabels(AutoTunnelNames.ServiceLabels);
        _list = new DnsQuestion(AutoTunnelNames.ListNameOf(domain), DnsType.PTR);
    }

    /// <summary>Whether the list of hosts is known (it may be empty).</summary>
    public bool IsListKnown => _sets.ContainsKey(_list);

    /// <summary>Whether the list names this host.</summary>
    public bool ListsOurselves => Targets().Contains(_ownService);

    /// <summary>The record sets that have to be watched to know everything.</summary>
    public IReadOnlySet<DnsQuestion> Wanted
    {
        get
        {
            var wanted = new HashSet<DnsQuestion> { _list };
            foreach (DnsName service in Services())
            {
                wanted.Add(SrvOf(service));
                wanted.Add(AddressOf(service));
                if (!TryTarget(service, out SrvData? srv)) continue;
                wanted.Add(new DnsQuestion(srv.Target, DnsType.A));
                wanted.Add(new DnsQuestion(srv.Target, DnsType.TXT));
            }

            return wanted;
        }
    }

    /// <summary>Takes over a record set.</summary>
    public void Apply(RecordSetChange change) => _sets[change.Question] = change.Records;

    /// <summary>Forgets the sets that are not wanted any more; returns their questions.</summary>
    public IReadOnlyList<DnsQuestion> Trim()
    {
        IReadOnlySet<DnsQuestion> wanted = Wanted;
        List<DnsQuestion> gone = [.. _sets.Keys.Where(question => !wanted.Contains(question))];
        foreach (DnsQuestion question in gone) _sets.Remove(question);
        return gone;
    }

    /// <summary>The hosts whose records are known and acceptable.</summary>
    public IReadOnlyList<PeerRecord> Hosts() => [.. Services().Select(Assemble).OfType<PeerRecord>()];

    /// <summary>
    /// Whether everything that is wanted has been answered, so that a host that is missing from <see cref="Hosts"/> is really gone.
    /// </summary>
    public bool IsComplete => Wanted.All(_sets.ContainsKey);

    private PeerRecord? Assemble(DnsName service)
    {
        IPAddress? identifier = Records(AddressOf(service))
            .Select(record => (record.Data as AaaaData)?.Address)
            .FirstOrDefault(address => address is not null && PeerRules.IsIdentifier(address));
        if (identifier is null) return null;
        return new PeerRecord
        {
            Name = HostOf(service).ToLower().ToString(),
            Identifier = identifier,
            Endpoint = EndpointOf(service),
            Device = DeviceOf(service),
            IsSettled = IsSettled(service),
        };
    }

    private bool IsSettled(DnsName service) =>
        _sets.ContainsKey(SrvOf(service)) && (!TryTarget(service, out SrvData? srv) || _sets.ContainsKey(new DnsQuestion(srv.Target, DnsType.A)));

    private IPEndPoint? EndpointOf(DnsName service)
    {
        if (!TryTarget(service, out SrvData? srv)) return null;
        IPAddress? address = Records(new DnsQuestion(srv.Target, DnsType.A))
            .Select(record => (record.Data as AData)?.Address)
            .FirstOrDefault(address => address is not null && PeerRules.IsPublic(address));
        return address is null ? null : new IPEndPoint(address, srv.Port);
    }

    private DeviceInfo DeviceOf(DnsName service)
    {
        if (!TryTarget(service, out SrvData? srv)) return DeviceInfo.Empty;
        var text = Records(new DnsQuestion(srv.Target, DnsType.TXT)).Select(record => record.Data as TxtData).FirstOrDefault(data => data is not null);
        return text is null ? DeviceInfo.Empty : DeviceInfo.Parse(text.RawStrings);
    }

    /// <summary>The best SRV that leads into the account's domain: nothing outside it can be watched or trusted.</summary>
    private bool TryTarget(DnsName service, [NotNullWhen(true)] out SrvData? srv)
    {
        srv = Records(SrvOf(service))
            .Select(record => record.Data as SrvData)
            .Where(data => data is { Port: not 0 } && data.Target.IsSubdomainOf(_domain))
            .MinBy(data => data!.Priority);
        return srv is not null;
    }

    private IEnumerable<DnsName> Services() => Targets().Where(service => service != _ownService && IsService(service)).Take(MaxHosts);

    private IEnumerable<DnsName> Targets() => Records(_list).Select(record => (record.Data as PtrData)?.Target).OfType<DnsName>().Distinct();

    /// <summary>A name of the account's domain that every resolver takes as a host name: it ends up in the hosts file.</summary>
    private bool IsService(DnsName name) =>
        AutoTunnelNames.TryGetHostName(name, _domain, out DnsName? host)
        && host.GetLabels().First() is { Length: > 0 and <= LongestLabel } label
        && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

    private static DnsName HostOf(DnsName service) => service.Parent.Parent;

    private static DnsQuestion SrvOf(DnsName service) => new(service, DnsType.SRV);

    private static DnsQuestion AddressOf(DnsName service) => new(HostOf(service), DnsType.AAAA);

    private IReadOnlyList<DnsRecord> Records(DnsQuestion question) => _sets.TryGetValue(question, out IReadOnlyList<DnsRecord>? set) ? set : [];
}
