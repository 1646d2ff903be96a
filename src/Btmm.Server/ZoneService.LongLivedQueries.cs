using System.Net;
using Btmm.Server.Hosting;
using Btmm.Server.LongLivedQueries;
using Btmm.Server.Requests;
using Btmm.Server.Transport;

namespace Btmm.Server;

/// <content>Long-lived queries.</content>
public sealed partial class ZoneService
{
    private readonly LlqTable _llq;
    private readonly LlqSender _sender;
    private readonly DeadlineLoop _events;

    private volatile bool _isQueryReviewDue;

    // Zones, keys or rights have changed: who may not ask any more is not told any more either.
    private void ReviewQueries()
    {
        _isQueryReviewDue = true;
        _events.Signal();
    }

    private bool IsStillAllowed(LlqSession session)
    {
        LlqQuestion asked = session.Question;
        bool isKeyGood = session.Key is null || ReferenceEquals(_keys.Find(session.Key.Name.Wire), session.Key);
        return isKeyGood && _zones.FindFor(asked.Question.Name) == asked.Zone
            && AccessPolicy.MayRead(asked.Zone, session.Key, asked.Question.Name, asked.Question.Type);
    }

    private ValueTask SendEventsAsync(CancellationToken cancellationToken)
    {
        if (_isQueryReviewDue)
        {
            _isQueryReviewDue = false;
            _llq.EndAll(session => !IsStillAllowed(session));
        }

        if (_listeners is { } listeners)
            _sender.Send(listeners.Routes, cancellationToken);
        return ValueTask.CompletedTask;
    }

    // Where datagrams about a connection's queries come from: the address that the client connected to, else one of its family.
    private int EventSocket(RequestOrigin origin)
    {
        if (origin.Transport != DnsTransportKind.Tls || _listeners is not { } listeners)
            return origin.Listener;
        IPAddress local = listeners.Tls[origin.Listener].EndPoint.Address;
        UdpListener socket = listeners.Datagrams.FirstOrDefault(item => item.EndPoint.Address.Equals(local))
            ?? listeners.Datagrams.FirstOrDefault(item => item.EndPoint.AddressFamily == local.AddressFamily)
            ?? listeners.Datagrams[0];
        return socket.Number;
    }
}
