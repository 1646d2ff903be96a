using System.Net;
using Btmm.Core.Contracts;
using Btmm.Protocol.NatTraversal.Stun;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Verdicts;

/// <summary>
/// A STUN server on a network in memory, with two addresses if wanted, that pretends to be behind a NAT from its clients: what it
/// tells them, and which of its answers get through, is up to the test.
/// </summary>
internal sealed class FakeStunServer : IAsyncDisposable
{
    private readonly IPEndPoint[] _endpoints;
    private readonly IDatagramChannel[] _channels;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loops;

    /// <param name="wire">The network.</param>
    /// <param name="first">Its address.</param>
    /// <param name="second">Its other address and port; null for none.</param>
    internal FakeStunServer(VirtualWire wire, string first, string? second = null)
    {
        IPEndPoint one = IPEndPoint.Parse(first);
        IPEndPoint? two = second is null ? null : IPEndPoint.Parse(second);
        Other = two;
        // As in RFC 5780 §6.1: bit 0 of an index is the port, bit 1 the address.
        _endpoints = two is null ? [one] : [one, new(one.Address, two.Port), new(two.Address, one.Port), two];
        Dictionary<IPAddress, VirtualHost> hosts = _endpoints.Select(e => e.Address).Distinct().ToDictionary(a => a, a => wire.Host($"{a}"));
        _channels = [.. _endpoints.Select(e => hosts[e.Address].Open(new DatagramChannelOptions(e)))];
        _loops = Task.WhenAll(_endpoints.Select((_, index) => RunAsync(index)));
    }

    internal IPEndPoint EndPoint => _endpoints[0];

    internal IPEndPoint? Other { get; set; }

    /// <summary>How a client looks from an endpoint of the server.</summary>
    internal Func<IPEndPoint, IPEndPoint, IPEndPoint> Map { get; set; } = (client, _) => client;

    /// <summary>Whether the answer to a request with a change gets through.</summary>
    internal Func<StunChange, bool> LetsIn { get; set; } = _ => true;

    /// <summary>What is answered instead of STUN.</summary>
    internal byte[]? Garbage { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (IDatagramChannel channel in _channels) await channel.DisposeAsync();
        await _loops.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(int index)
    {
        byte[] buffer = new byte[512];
        while (true)
        {
            ReceivedDatagram received = await _channels[index].ReceiveAsync(buffer, _stop.Token);
            byte[] answer = new byte[256];
            int length = Write(index, buffer.AsSpan(0, received.Length), received.Remote, answer, out int from);
            if (length > 0) await _channels[from].SendAsync(answer.AsMemory(0, length), received.Remote, _stop.Token);
        }
    }

    private int Write(int index, ReadOnlySpan<byte> message, IPEndPoint client, Span<byte> answer, out int from)
    {
        from = index;
        if (Garbage is { } garbage)
        {
            garbage.CopyTo(answer);
            return garbage.Length;
        }

        if (!StunRequest.TryParse(message, out StunRequest request)) return 0;
        StunChange change = request.Change ?? StunChange.None;
        if (change != StunChange.None && !LetsIn(change)) return 0;
        if (_endpoints.Length == 4) from = index ^ (change.HasFlag(StunChange.Address) ? 2 : 0) ^ (change.HasFlag(StunChange.Port) ? 1 : 0);
        var writer = new StunWriter(answer, StunHeader.BindingSuccess, request.TransactionId);
        IPEndPoint seen = Map(client, _endpoints[index]);
        writer.TryWriteMapped(seen.Address.GetAddressBytes(), (ushort)seen.Port);
        if (Other is { } other) writer.TryWriteAddress(StunAttribute.OtherAddress, other.Address.GetAddressBytes(), (ushort)other.Port);
        return writer.Finish(withFingerprint: true);
    }
}
