using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Dns;
using Btmm.Core.Dns.Push;
using Btmm.Core.Dns.Tls;
using Btmm.Core.Peers;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;
using Btmm.TestKit;

namespace Btmm.Core.Tests.Dns.Push;

/// <summary>A zone with DNS Push on connections in memory, on virtual time; it can be made to misbehave.</summary>
internal sealed class FakePushServer
{
    internal static readonly DnsQuestion Question = new(DnsName.Parse("studio.alice.test"), DnsType.AAAA);

    private readonly Lock _gate = new();
    private readonly Dictionary<PipeStream, Dictionary<DnsQuestion, HashSet<DnsRecord>>> _told = [];

    internal FakeClock Clock { get; } = new();

    internal HashSet<DnsRecord> Zone { get; } = [];

    internal TlsEndPoint EndPoint { get; } = new(IPAddress.Loopback, 853, "ns.alice.test", TlsTrust.System);

    internal bool OffersPush { get; set; } = true;

    internal bool RefusesConnections { get; set; }

    internal bool DropsConnections { get; set; }

    internal bool IsSilent { get; set; }

    /// <summary>The answer to requests, if it is not success.</summary>
    internal DnsRcode KeepaliveRcode { get; set; }

    internal DnsRcode SubscribeRcode { get; set; }

    internal List<TimeSpan> Connections { get; } = [];

    internal int Searches { get; private set; }

    internal int Open
    {
        get
        {
            lock (_gate) return _told.Count;
        }
    }

    internal static DnsRecord Address(int number) => new(Question.Name, 120, new AaaaData(IPAddress.Parse($"fd00::{number}")));

    internal PushClient NewClient() =>
        new(LocateAsync, ConnectAsync, static _ => { }, key: null, SystemRandomSource.Instance, Clock, options: null);

    internal void Change(Action<HashSet<DnsRecord>> change)
    {
        lock (_gate)
        {
            change(Zone);
            foreach (PipeStream stream in _told.Keys) Tell(stream);
        }
    }

    /// <summary>Ends all connections, with a message if one is given.</summary>
    internal void End(byte[]? last = null)
    {
        lock (_gate)
        {
            foreach (PipeStream stream in _told.Keys.ToArray())
            {
                if (last is not null) Send(stream, last);
                if (last is null) stream.Dispose();
            }
        }
    }

    /// <summary>Runs virtual time until the client tells a set.</summary>
    internal async Task<IReadOnlyList<DnsRecord>> NextAsync(IRecordWatcher client)
    {
        RecordSetChange? change = null;
        await Clock.RunUntilAsync(() => change is not null || client.Changes.TryRead(out change), TimeSpan.FromHours(3));
        return change!.Records;
    }

    private ValueTask<ZoneServers> LocateAsync(bool afresh, CancellationToken cancellationToken)
    {
        Searches++;
        return ValueTask.FromResult(new ZoneServers(DnsName.Parse("alice.test"), [EndPoint], []) { Push = OffersPush ? [EndPoint] : [] });
    }

    private Task<Stream> ConnectAsync(TlsEndPoint server, CancellationToken cancellationToken)
    {
        Connections.Add(Clock.Elapsed);
        if (RefusesConnections) throw new SocketException((int)SocketError.ConnectionRefused);
        (PipeStream client, PipeStream ours) = PipeStream.Pair();
        if (DropsConnections) ours.Dispose();
        else _ = ServeAsync(ours);
        return Task.FromResult<Stream>(client);
    }

    private async Task ServeAsync(PipeStream stream)
    {
        var session = new PushServerSession(Clock.Elapsed);
        lock (_gate) _told.Add(stream, []);
        try
        {
            byte[] length = new byte[2];
            while (true)
            {
                await stream.ReadExactlyAsync(length);
                byte[] message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(message);
                if (!IsSilent) lock (_gate) Handle(stream, session, message);
            }
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            lock (_gate) _told.Remove(stream);
            await stream.DisposeAsync();
        }
    }

    private void Handle(PipeStream stream, PushServerSession session, byte[] message)
    {
        PushRequest request = session.HandleMessage(Clock.Elapsed, message);
        switch (request.Kind)
        {
            case PushRequestKind.Keepalive when KeepaliveRcode != DnsRcode.NoError:
                Send(stream, DsoMessages.Response(request.Id, KeepaliveRcode));
                break;
            case PushRequestKind.Keepalive:
                session.Establish();
                Send(stream, DsoMessages.Keepalive(request.Id, request.Wanted, isResponse: true));
                break;
            case PushRequestKind.Subscribe:
                session.Establish();
                Send(stream, DsoMessages.Response(request.Id, SubscribeRcode));
                if (SubscribeRcode != DnsRcode.NoError) break;
                _told[stream].Add(request.Question!, []);
                Tell(stream);
                break;
            case PushRequestKind.Unsubscribe:
                _told[stream].Remove(request.Question!);
                break;
            case PushRequestKind.Abort:
                stream.Dispose();
                break;
        }
    }

    private void Tell(PipeStream stream)
    {
        var changes = new List<PushChange>();
        foreach ((DnsQuestion question, HashSet<DnsRecord> told) in _told[stream])
        {
            HashSet<DnsRecord> present = [.. Zone.Where(record => record.Name == question.Name && record.Type == question.Type)];
            changes.AddRange(told.Except(present).Select(PushChange.Remove));
            changes.AddRange(present.Except(told).Select(PushChange.Add));
            told.Clear();
            told.UnionWith(present);
        }

        if (changes.Count == 0) return;
        byte[] buffer = new byte[PushMessageWriter.MaxSize];
        var writer = new PushMessageWriter(buffer);
        foreach (PushChange change in changes) Assert.True(writer.TryWrite(change));
        Send(stream, buffer[..writer.Finish()]);
    }

    private static void Send(PipeStream stream, byte[] message) =>
        stream.WriteAsync((byte[])[(byte)(message.Length >> 8), (byte)message.Length, .. message]).AsTask().Wait();
}
