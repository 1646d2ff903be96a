using System.Net;
using Btmm.Core.Contracts;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.TestKit;

/// <summary>
/// A NAT gateway's mapping daemon on a <see cref="VirtualWire"/>: speaks NAT-PMP (RFC 6886), counts what it is asked, and
/// misbehaves as its quirks say. Thread-safe.
/// </summary>
public sealed class FakeGateway : IAsyncDisposable
{
    private readonly VirtualWire _wire;
    private readonly VirtualHost _host;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<(NatPmpOpcode Opcode, IPAddress Client, int Port), FakeMapping> _mappings = [];
    private readonly HashSet<int> _takenPorts = [];
    private readonly List<NatPmpRequest> _requests = [];
    private IDatagramChannel? _channel;
    private Task _loop = Task.CompletedTask;
    private DateTimeOffset _epochStart;
    private int _ignored;

    /// <summary>Makes a gateway that listens.</summary>
    /// <param name="wire">Its network.</param>
    /// <param name="address">Its inner address.</param>
    /// <param name="externalAddress">Its outer address.</param>
    /// <param name="time">The clock.</param>
    public FakeGateway(VirtualWire wire, string address, string externalAddress, TimeProvider time)
    {
        _wire = wire;
        _host = wire.Host(address);
        _time = time;
        ExternalAddress = IPAddress.Parse(externalAddress);
        _epochStart = time.GetUtcNow() - TimeSpan.FromHours(5);
        Open();
    }

    /// <summary>The gateway's inner address.</summary>
    public IPAddress Address => _host.Address;

    /// <summary>What it answers as its external address.</summary>
    public IPAddress ExternalAddress { get; private set; }

    /// <summary>How it misbehaves from now on.</summary>
    public FakeGatewayQuirks Quirks { get; set; } = new();

    /// <summary>Everything it was asked so far.</summary>
    public IReadOnlyList<NatPmpRequest> Requests
    {
        get
        {
            lock (_gate) return [.. _requests];
        }
    }

    /// <summary>How many address requests there were.</summary>
    public int AddressRequests => Requests.Count(request => request.Opcode == NatPmpOpcode.ExternalAddress);

    /// <summary>How many requests for mappings and renewals there were.</summary>
    public int MapRequests => Requests.Count(request => request.Opcode != NatPmpOpcode.ExternalAddress && request.LifetimeSeconds > 0);

    /// <summary>How many requests to delete mappings there were.</summary>
    public int DeleteRequests => Requests.Count(request => request.Opcode != NatPmpOpcode.ExternalAddress && request.LifetimeSeconds == 0);

    /// <summary>The mappings that are alive.</summary>
    public IReadOnlyList<FakeMapping> Mappings
    {
        get
        {
            lock (_gate) return [.. _mappings.Values.Where(mapping => mapping.ExpiresAt > _time.GetUtcNow())];
        }
    }

    /// <summary>Another client holds this external port.</summary>
    public void TakePort(int port)
    {
        lock (_gate) _takenPorts.Add(port);
    }

    /// <summary>Loses all mappings and begins a new epoch, with or without telling.</summary>
    public void Reboot(bool announce)
    {
        lock (_gate)
        {
            _mappings.Clear();
            _epochStart = _time.GetUtcNow();
        }

        if (announce) Announce();
    }

    /// <summary>Gets another external address, with or without telling; the epoch goes on.</summary>
    public void Readdress(string address, bool announce)
    {
        ExternalAddress = IPAddress.Parse(address);
        if (announce) Announce();
    }

    /// <summary>Multicasts its address and epoch once.</summary>
    public void Announce() =>
        _wire.Inject($"{Address}:{NatPmpConstants.GatewayPort}", "224.0.0.1:5350", Write(AddressResponse()));

    /// <summary>Stops listening: requests are answered by ICMP port-unreachable.</summary>
    public async Task CloseAsync()
    {
        if (_channel is not null) await _channel.DisposeAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _channel = null;
    }

    /// <summary>Listens again after <see cref="CloseAsync"/>.</summary>
    public void Open()
    {
        _channel = _host.Open(new DatagramChannelOptions(new IPEndPoint(IPAddress.Any, NatPmpConstants.GatewayPort)));
        _loop = ServeAsync(_channel);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await CloseAsync().ConfigureAwait(false);

    private async Task ServeAsync(IDatagramChannel channel)
    {
        byte[] buffer = new byte[NatPmpConstants.MaxMessageLength];
        while (true)
        {
            ReceivedDatagram received = await channel.ReceiveAsync(buffer, CancellationToken.None).ConfigureAwait(false);
            if (!NatPmpRequest.TryParse(buffer.AsSpan(0, received.Length), out NatPmpRequest request)) continue;
            byte[]? answer;
            lock (_gate) answer = Answer(request, received.Remote.Address);
            if (answer is null) continue;
            int from = Quirks.AnswerPort == 0 ? NatPmpConstants.GatewayPort : Quirks.AnswerPort;
            for (int copy = Quirks.AnswersTwice ? 2 : 1; copy > 0; copy--)
                _wire.Inject($"{Address}:{from}", received.Remote.ToString(), answer);
        }
    }

    private byte[]? Answer(NatPmpRequest request, IPAddress client)
    {
        _requests.Add(request);
        if (Quirks.Silent || _ignored++ < Quirks.IgnoreFirst) return null;
        NatPmpResponse response = request.Opcode == NatPmpOpcode.ExternalAddress ? AddressResponse() : Map(request, client);
        byte[] message = Write(response);
        return Quirks.ShortErrors && response.Result != NatPmpResult.Success ? message[..8] : message;
    }

    private NatPmpResponse AddressResponse() => new()
    {
        Opcode = NatPmpOpcode.ExternalAddress,
        Result = Quirks.AddressResult,
        EpochSeconds = Epoch(),
        ExternalAddress = Quirks.AddressResult == NatPmpResult.Success ? ExternalAddress : null,
    };

    private NatPmpResponse Map(NatPmpRequest request, IPAddress client)
    {
        NatPmpResponse answer = new()
        {
            Opcode = request.Opcode,
            Result = Quirks.MapResult,
            EpochSeconds = Epoch(),
            InternalPort = request.InternalPort,
        };
        var key = (request.Opcode, client, (int)request.InternalPort);
        if (answer.Result != NatPmpResult.Success) return answer;
        if (request.LifetimeSeconds == 0)
        {
            _mappings.Remove(key);
            return answer;
        }

        TimeSpan asked = TimeSpan.FromSeconds(request.LifetimeSeconds);
        TimeSpan lifetime = Quirks.FixedLifetime ?? (asked < Quirks.MaxLifetime ? asked : Quirks.MaxLifetime);
        int port = _mappings.TryGetValue(key, out FakeMapping? old) ? old.ExternalPort : FreePort(request.SuggestedExternalPort);
        _mappings[key] = new FakeMapping(request.Opcode, client, request.InternalPort, port, _time.GetUtcNow() + lifetime);
        return answer with { ExternalPort = (ushort)port, LifetimeSeconds = (uint)lifetime.TotalSeconds };
    }

    private int FreePort(int wanted)
    {
        int port = wanted == 0 ? 40000 : wanted;
        while (_takenPorts.Contains(port) || _mappings.Values.Any(mapping => mapping.ExternalPort == port)) port++;
        return port;
    }

    private uint Epoch() => (uint)(_time.GetUtcNow() - _epochStart).TotalSeconds;

    private static byte[] Write(NatPmpResponse response)
    {
        byte[] buffer = new byte[NatPmpResponse.MapResponseLength];
        return response.TryWrite(buffer, out int written) ? buffer[..written] : [];
    }
}
