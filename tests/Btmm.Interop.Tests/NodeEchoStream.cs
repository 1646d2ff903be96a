using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>
/// One TCP connection between two hosts on which a number goes to and fro every 50 ms. It breaks when a number is lost, changed
/// or out of order. Measures how long nothing came back.
/// </summary>
internal sealed class NodeEchoStream : IAsyncDisposable
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(50);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<TimeSpan> _arrivals = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly TcpListener _listener;
    private readonly TcpClient _client;
    private readonly TcpClient _server;
    private readonly Task _echo;
    private readonly Task _send;
    private readonly Task _receive;

    private NodeEchoStream(TcpListener listener, TcpClient client, TcpClient server)
    {
        _listener = listener;
        _client = client;
        _server = server;
        _echo = EchoAsync(server.GetStream());
        _send = SendAsync(client.GetStream());
        _receive = ReceiveAsync(client.GetStream());
    }

    /// <summary>When the last number came back.</summary>
    internal TimeSpan LastArrival => _arrivals.LastOrDefault();

    internal int Count => _arrivals.Count;

    /// <summary>Connects from one lab node to an address on another.</summary>
    internal static async Task<NodeEchoStream> ConnectAsync(string fromNamespace, string toNamespace, IPAddress address)
    {
        TcpListener listener = NetworkNamespace.Run(toNamespace, () =>
        {
            var made = new TcpListener(address, 0);
            made.Start();
            return made;
        });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        TcpClient client = NetworkNamespace.Run(fromNamespace, () => new TcpClient(AddressFamily.InterNetworkV6) { NoDelay = true });
        Task<TcpClient> accepted = listener.AcceptTcpClientAsync(limit.Token).AsTask();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, limit.Token);
        TcpClient server = await accepted;
        server.NoDelay = true;
        return new NodeEchoStream(listener, client, server);
    }

    /// <summary>Waits until numbers come back again after <paramref name="since"/>, then a little longer.</summary>
    internal async Task WaitForFlowAsync(TimeSpan since, TimeSpan timeout)
    {
        await Eventually.HoldsAsync(
            () =>
            {
                ThrowIfBroken();
                return _arrivals.Count(arrival => arrival > since) >= 20;
            },
            "the TCP stream flows again",
            timeout);
    }

    internal TimeSpan Now => _clock.Elapsed;

    /// <summary>The longest time without an arrival after <paramref name="since"/>, and when it began (after it).</summary>
    internal (TimeSpan Length, TimeSpan Begin) LongestGap(TimeSpan since)
    {
        TimeSpan last = _arrivals.Where(arrival => arrival <= since).DefaultIfEmpty(since).Max();
        (TimeSpan Length, TimeSpan Begin) longest = default;
        foreach (TimeSpan arrival in _arrivals.Where(arrival => arrival > since))
        {
            if (arrival - last > longest.Length) longest = (arrival - last, last - since);
            last = arrival;
        }

        return longest;
    }

    /// <summary>Fails when the connection broke or carried wrong data.</summary>
    internal void ThrowIfBroken()
    {
        foreach (Task task in new[] { _echo, _send, _receive })
        {
            if (task.IsFaulted) throw new InvalidOperationException("the TCP stream broke", task.Exception!.InnerException);
            if (task.IsCompleted) throw new InvalidOperationException("the TCP stream ended");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _client.Dispose();
        _server.Dispose();
        _listener.Dispose();
        await Task.WhenAll(_echo, _send, _receive).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task EchoAsync(NetworkStream stream)
    {
        byte[] buffer = new byte[sizeof(long)];
        while (true)
        {
            await stream.ReadExactlyAsync(buffer, _stop.Token);
            await stream.WriteAsync(buffer, _stop.Token);
        }
    }

    private async Task SendAsync(NetworkStream stream)
    {
        using var timer = new PeriodicTimer(s_tick);
        for (long number = 1; await timer.WaitForNextTickAsync(_stop.Token); number++) await stream.WriteAsync(BitConverter.GetBytes(number), _stop.Token);
    }

    private async Task ReceiveAsync(NetworkStream stream)
    {
        byte[] buffer = new byte[sizeof(long)];
        for (long expected = 1; ; expected++)
        {
            await stream.ReadExactlyAsync(buffer, _stop.Token);
            long number = BitConverter.ToInt64(buffer);
            if (number != expected) throw new InvalidDataException($"number {number} came instead of {expected}");
            _arrivals.Enqueue(_clock.Elapsed);
        }
    }
}
