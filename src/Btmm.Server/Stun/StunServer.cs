using System.Net;
using Btmm.Core.Contracts;
using Btmm.Protocol.NatTraversal.Stun;
using Btmm.Server.Guards;
using Btmm.Server.Hosting;
using Btmm.Server.Transport;

namespace Btmm.Server.Stun;

/// <summary>
/// STUN at endpoints of its own. With two that differ in address and port, all four combinations are open, and clients can have
/// their answers from any of them, by which they find out what kind of NAT they are behind (RFC 5780). The owner awaits
/// <see cref="RunAsync"/>.
/// </summary>
internal sealed class StunServer : IDisposable
{
    private const int MaxMessage = 1280;

    private readonly List<IDatagramServer> _sockets = [];
    private readonly QueryGuard _guard;
    private readonly ServerMetrics _metrics;
    private readonly bool _hasAlternate;

    internal StunServer(IReadOnlyList<IPEndPoint> endpoints, IDatagramServerFactory factory, QueryGuard guard, ServerMetrics metrics)
    {
        _guard = guard;
        _metrics = metrics;
        _hasAlternate = endpoints is [IPEndPoint one, IPEndPoint two]
            && one.AddressFamily == two.AddressFamily && !one.Address.Equals(two.Address) && one.Port != two.Port;
        try
        {
            // In the order that Other relies on: first address with first and second port, then the second address.
            IEnumerable<IPEndPoint> all = _hasAlternate ? endpoints.SelectMany(item => endpoints.Select(other => new IPEndPoint(item.Address, other.Port))) : endpoints;
            foreach (IPEndPoint endpoint in all)
                _sockets.Add(SocketBinder.BindDatagram(endpoint, factory, 1));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal IReadOnlyList<IPEndPoint> Endpoints => [.. _sockets.Select(static socket => socket.LocalEndPoint)];

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration stop = cancellationToken.Register(Interrupt);
        await Task.WhenAll(_sockets.Select((_, index) => Task.Factory.StartNew(() => Run(index), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))).ConfigureAwait(false);
    }

    public void Dispose() => _sockets.ForEach(static socket => socket.Dispose());

    private void Interrupt() => _sockets.ForEach(static socket => socket.Ports[0].Interrupt());

    private void Run(int index)
    {
        IDatagramPort port = _sockets[index].Ports[0];
        DatagramBatch batch = port.CreateBatch(MaxMessage, MaxMessage);
        while (port.Receive(batch) > 0)
        {
            for (int i = 0; i < batch.Count; i++)
                Answer(index, batch, i);
            port.Send(batch);
        }
    }

    private void Answer(int index, DatagramBatch batch, int slot)
    {
        ref DatagramSlot to = ref batch[slot];
        if (!StunRequest.TryParse(batch.Request(slot), out StunRequest request) || !_guard.MaySendStun(to.Remote))
            return;
        _metrics.Add(ServerCount.StunRequests);
        int from = index ^ IndexOf(request.Change ?? StunChange.None);
        PeerAddress? origin = _hasAlternate ? PeerAddress.From(_sockets[from].LocalEndPoint) : null;
        PeerAddress? other = _hasAlternate ? PeerAddress.From(_sockets[index ^ 3].LocalEndPoint) : null;
        int length = StunAnswer.Write(request, to.Remote, origin, other, batch.Answer(slot));
        if (from == index)
            to.AnswerLength = length;
        else if (length > 0)
            _sockets[from].Ports[0].Send(batch.Answer(slot)[..length], to.Remote, default);
    }

    // The number of a socket has one bit for the port and one for the address.
    private int IndexOf(StunChange change) => !_hasAlternate ? 0 : ((change & StunChange.Address) != 0 ? 2 : 0) | ((change & StunChange.Port) != 0 ? 1 : 0);
}
