using System.Net;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.TestKit;

/// <summary>
/// A NAT gateway on a <see cref="VirtualWire"/>: speaks NAT-PMP, PCP and UPnP IGD over one table of mappings, counts what it is asked, and
/// misbehaves as its quirks say. Thread-safe.
/// </summary>
public sealed partial class FakeGateway : IAsyncDisposable
{
    private readonly VirtualWire _wire;
    private readonly VirtualHost _host;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly FakeGatewayTable _table;
    private readonly FakeNatPmp _natPmp;
    private readonly FakePcp _pcp;
    private readonly FakeSoap _soap;
    private readonly FakeSsdp _ssdp;
    private readonly FakeIgd _igd;
    private readonly FakeHttp _http;
    private readonly List<FakeGatewayRequest> _log = [];
    private DateTimeOffset _epochStart;
    private int _ignored;
    private int _delayed;

    /// <summary>Makes a gateway that listens.</summary>
    /// <param name="wire">Its network.</param>
    /// <param name="address">Its inner IPv4 address.</param>
    /// <param name="externalAddress">Its outer address.</param>
    /// <param name="time">The clock.</param>
    /// <param name="protocols">What it speaks.</param>
    /// <param name="address6">Its inner IPv6 address, link-local as a rule; null for an IPv4 gateway.</param>
    public FakeGateway(
        VirtualWire wire,
        string address,
        string externalAddress,
        TimeProvider time,
        FakeGatewayProtocols protocols = FakeGatewayProtocols.All,
        string? address6 = null)
    {
        _wire = wire;
        _host = address6 is null ? wire.Host(address) : wire.Host(address, address6);
        _time = time;
        ExternalAddress = IPAddress.Parse(externalAddress);
        Address6 = address6 is null ? null : IPAddress.Parse(address6);
        Protocols = protocols;
        _epochStart = time.GetUtcNow() - TimeSpan.FromHours(5);
        _table = new FakeGatewayTable(this);
        _natPmp = new FakeNatPmp(this, _table);
        _pcp = new FakePcp(this, _table);
        _soap = new FakeSoap(this, _table);
        _ssdp = new FakeSsdp(this);
        _igd = new FakeIgd(this, _soap);
        _http = new FakeHttp(this, _igd, time);
        Open();
    }

    /// <summary>The gateway's inner IPv4 address.</summary>
    public IPAddress Address => _host.Address;

    /// <summary>The gateway's inner IPv6 address, without a scope.</summary>
    public IPAddress? Address6 { get; }

    /// <summary>What it answers as its external address.</summary>
    public IPAddress ExternalAddress { get; private set; }

    /// <summary>What it speaks from the next request on; which ports are open is settled by <see cref="Open"/>.</summary>
    public FakeGatewayProtocols Protocols { get; set; }

    /// <summary>How it misbehaves from now on.</summary>
    public FakeGatewayQuirks Quirks { get; set; } = new();

    /// <summary>Every packet and request so far, in order.</summary>
    public IReadOnlyList<FakeGatewayRequest> Log
    {
        get
        {
            lock (_gate) return [.. _log];
        }
    }

    /// <summary>The NAT-PMP requests so far.</summary>
    public IReadOnlyList<NatPmpRequest> NatPmpRequests
    {
        get
        {
            lock (_gate) return [.. _natPmp.Requests];
        }
    }

    /// <summary>The PCP requests so far, as far as they could be read.</summary>
    public IReadOnlyList<FakePcpRequest> PcpRequests
    {
        get
        {
            lock (_gate) return [.. _pcp.Requests];
        }
    }

    /// <summary>The HTTP requests so far.</summary>
    public IReadOnlyList<FakeHttpRequest> HttpRequests
    {
        get
        {
            lock (_gate) return [.. _igd.Requests];
        }
    }

    /// <summary>The SOAP requests so far, as far as they could be read.</summary>
    public IReadOnlyList<FakeSoapRequest> SoapRequests
    {
        get
        {
            lock (_gate) return [.. _soap.Requests];
        }
    }

    /// <summary>How many bytes of HTTP its clients let it send.</summary>
    public long HttpBytesSent => _http.BytesSent;

    /// <summary>How many requests for the external address there were, by any protocol.</summary>
    public int AddressRequests => Count(FakeGatewayRequestKind.Query);

    /// <summary>How many requests for mappings and renewals there were, by any protocol.</summary>
    public int MapRequests => Count(FakeGatewayRequestKind.Map);

    /// <summary>How many requests to delete mappings there were, by any protocol.</summary>
    public int DeleteRequests => Count(FakeGatewayRequestKind.Delete);

    /// <summary>The mappings that are alive.</summary>
    public IReadOnlyList<FakeMapping> Mappings
    {
        get
        {
            lock (_gate) return [.. _table.Live];
        }
    }

    internal IReadOnlyList<FakeIgdService> IgdServices => Quirks.IgdServices ?? FakeIgd.DefaultServices(Quirks.IgdVersion);

    internal DateTimeOffset Now => _time.GetUtcNow();

    internal uint Epoch => Quirks.FrozenEpoch ?? (uint)Math.Max(0, (Now - _epochStart).TotalSeconds);

    /// <summary>How many requests of a kind there were.</summary>
    /// <param name="kind">What they were for.</param>
    /// <param name="protocol">By which protocol; null for all.</param>
    /// <param name="client">From whom; null for all.</param>
    public int Count(FakeGatewayRequestKind kind, FakeGatewayProtocols? protocol = null, IPAddress? client = null) => Log.Count(
        request => request.Kind == kind && Concerns(request, protocol, client));

    /// <summary>How many requests for an operation there were; see <see cref="FakeGatewayRequest.Operation"/>.</summary>
    public int Count(string operation, FakeGatewayProtocols? protocol = null, IPAddress? client = null) => Log.Count(
        request => request.Operation == operation && Concerns(request, protocol, client));

    /// <summary>How many packets and requests there were by a protocol.</summary>
    public int Count(FakeGatewayProtocols protocol) => Log.Count(request => request.Protocol == protocol);

    /// <summary>Another client holds this external port.</summary>
    public void TakePort(int port)
    {
        lock (_gate) _table.Take(port);
    }

    /// <summary>Another way, such as the settings page, made this mapping.</summary>
    public void Put(FakeMapping mapping)
    {
        lock (_gate) _table.Grant(mapping, mapping.IsPermanent ? null : mapping.ExpiresAt - Now);
    }

    /// <summary>Forgets all mappings without any sign.</summary>
    public void Forget()
    {
        lock (_gate) _table.Clear();
    }

    /// <summary>Loses all mappings and begins a new epoch, with or without telling.</summary>
    public void Reboot(bool announce)
    {
        lock (_gate)
        {
            _table.Clear();
            _epochStart = Now;
            _ssdp.BootId++;
        }

        if (announce) Announce();
    }

    /// <summary>Moves the epoch, forwards or backwards, and keeps the mappings.</summary>
    public void ShiftEpoch(TimeSpan by)
    {
        lock (_gate) _epochStart -= by;
    }

    /// <summary>Gets another external address, with or without telling; the epoch goes on (miniupnp issue 254).</summary>
    public void Readdress(string address, bool announce)
    {
        ExternalAddress = IPAddress.Parse(address);
        if (announce) Announce();
    }

    internal T Locked<T>(Func<T> action)
    {
        lock (_gate) return action();
    }

    internal void Note(FakeGatewayProtocols protocol, FakeGatewayRequestKind kind, string operation, IPEndPoint client) =>
        _log.Add(new FakeGatewayRequest(protocol, kind, operation, client, Now));

    /// <summary>Whether this request of a protocol gets no answer.</summary>
    internal bool Ignores(FakeGatewayProtocols protocol) =>
        Quirks.Silent || Quirks.SilentProtocols.HasFlag(protocol) || _ignored++ < Quirks.IgnoreFirst;

    /// <summary>Whether this HTTP request gets no answer.</summary>
    internal bool IgnoresHttp() => Quirks.HttpSilent || Ignores(FakeGatewayProtocols.Igd);

    private static bool Concerns(FakeGatewayRequest request, FakeGatewayProtocols? protocol, IPAddress? client) =>
        (protocol is null || request.Protocol == protocol) && (client is null || request.Client.Address.Equals(client));
}
