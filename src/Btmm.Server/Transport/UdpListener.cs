using System.Net;
using Btmm.Core.Contracts;
using Btmm.Server.Requests;

namespace Btmm.Server.Transport;

/// <summary>
/// A UDP address of the service and the threads that answer what arrives there. The owner awaits <see cref="RunAsync"/>.
/// </summary>
internal sealed class UdpListener : IDisposable
{
    private readonly IDatagramServer _server;
    private readonly DatagramUpdates _updates;
    private readonly UdpWorker[] _workers;

    internal UdpListener(IDatagramServer server, int number, DatagramRoutes routes, RequestHandler handler)
    {
        Number = number;
        _server = server;
        _updates = new DatagramUpdates(handler);
        _workers = [.. server.Ports.Select(port => new UdpWorker(port, number, routes, handler, _updates))];
    }

    internal IPEndPoint EndPoint => _server.LocalEndPoint;

    /// <summary>Its place among the datagram listeners.</summary>
    internal int Number { get; }

    /// <summary>Runs until cancelled; then waits until everything received is answered.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration stop = cancellationToken.Register(Interrupt);
        try
        {
            await Task.WhenAll(_workers.Select(Start)).ConfigureAwait(false);
        }
        finally
        {
            Interrupt();
            await _updates.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Sends a datagram that is no answer; false when the system does not take it.</summary>
    internal bool Send(ReadOnlySpan<byte> message, in PeerAddress remote, in PeerAddress local) => _server.Ports[0].Send(message, remote, local);

    /// <summary>Makes a batch for datagrams that are no answers.</summary>
    /// <param name="maxLength">Bytes of the longest.</param>
    internal DatagramBatch CreateBatch(int maxLength) => _server.Ports[0].CreateBatch(maxRequest: 0, maxLength);

    /// <summary>Sends a batch of this listener.</summary>
    internal void Send(DatagramBatch batch) => _server.Ports[0].Send(batch);

    public void Dispose() => _server.Dispose();

    private void Interrupt()
    {
        foreach (IDatagramPort port in _server.Ports)
            port.Interrupt();
    }

    private Task Start(UdpWorker worker, int index)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                worker.Run();
                ended.SetResult();
            }
            catch (Exception error)
            {
                // It ends the service, which tells it (ZoneService.Completion).
                Interrupt();
                ended.SetException(error);
            }
        })
        {
            IsBackground = true,
            Name = $"btmm-udp-{index}",
        };
        thread.Start();
        return ended.Task;
    }
}
