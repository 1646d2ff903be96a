using Btmm.Core.Contracts;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Hosting;
using Btmm.Server.Requests;

namespace Btmm.Server.Transport;

/// <summary>
/// One thread that answers what arrives at one of a listener's sockets: it takes what is there, answers it in place and sends the
/// answers, without waiting for anything but the socket. What has to wait goes to <see cref="DatagramUpdates"/>.
/// </summary>
internal sealed class UdpWorker(IDatagramPort port, int listener, DatagramRoutes routes, RequestHandler handler, DatagramUpdates updates)
{
    // More than an OPT record of ours invites (RFC 6891 §6.2.3); longer datagrams arrive cut off and fail to parse.
    private const int MaxRequest = 4096;

    private readonly DatagramBatch _batch = port.CreateBatch(MaxRequest, EdnsInfo.SafeUdpPayloadSize);
    private readonly RequestWorkspace _workspace = new();
    private readonly LatencyMetrics.Lane _latency = handler.NewLane();
    private PeerAddress _lastLocal;
    private int? _lastNumber;

    /// <summary>Runs until the socket is interrupted; the answers to what it has received are sent before.</summary>
    internal void Run()
    {
        while (port.Receive(_batch) > 0)
        {
            TimeSpan receivedAt = handler.Now;
            int answered = 0;
            for (int i = 0; i < _batch.Count; i++)
                answered += Answer(i, receivedAt) ? 1 : 0;
            port.Send(_batch);
            if (answered > 0)
                _latency.Add(DnsOpcode.Query, handler.Now - receivedAt, answered);
        }
    }

    // True when a query was answered: what else is answered at once is not worth timing.
    private bool Answer(int index, TimeSpan receivedAt)
    {
        ref DatagramSlot slot = ref _batch[index];
        ReadOnlySpan<byte> request = _batch.Request(index);
        var origin = new RequestOrigin(slot.Remote, Number(slot.Local), DnsTransportKind.Udp);
        if (handler.TryHandle(request, origin, peer: null, _batch.Answer(index), _workspace, out int length))
            slot.AnswerLength = length;
        else
            updates.Start(request, origin, port, slot.Local, receivedAt);
        return slot.AnswerLength > 0 && DnsHeader.TryRead(request, out DnsHeader header) && header.Opcode == DnsOpcode.Query;
    }

    private int Number(in PeerAddress local)
    {
        if (_lastNumber is { } number && local == _lastLocal)
            return number;
        _lastLocal = local;
        return (_lastNumber = routes.Number(listener, local)).Value;
    }
}
