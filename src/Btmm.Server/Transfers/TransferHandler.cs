using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Hosting;
using Btmm.Server.Requests;
using Btmm.Server.Storage;
using Btmm.Server.Zones;

namespace Btmm.Server.Transfers;

/// <summary>
/// Gives zones to secondaries: whole (AXFR, RFC 5936) or what changed since a serial (IXFR, RFC 1995), in as many messages as it
/// takes, each signed when the request was (RFC 8945 §5.3.1), from one snapshot however long it takes. Thread-safe.
/// </summary>
internal sealed class TransferHandler(ZoneDirectory zones, ServiceClock clock, ServerMetrics metrics, int maxTransfers)
{
    private int _running;

    /// <summary>Whether a request asks for a transfer.</summary>
    internal static bool Concerns(Request request) =>
        request.Message is { Opcode: DnsOpcode.Query, Questions: [{ Type: DnsType.AXFR or DnsType.IXFR }] };

    /// <summary>Whether a query asks for a transfer.</summary>
    internal static bool Concerns(in DnsRequestView query) =>
        query.Header.QuestionCount == 1 && query.Type is (DnsType.AXFR or DnsType.IXFR);

    /// <summary>Answers a request; null when the answer has been sent to its connection.</summary>
    /// <param name="request">The request.</param>
    /// <param name="limit">Bytes that the client takes over UDP.</param>
    /// <param name="workspace">The caller's.</param>
    /// <param name="cancellationToken">The service stops, or the connection has ended.</param>
    internal async ValueTask<DnsMessage?> HandleAsync(Request request, int limit, RequestWorkspace workspace, CancellationToken cancellationToken)
    {
        DnsQuestion question = request.Message.Questions[0];
        if (zones.FindApex(question.Name) is not { } zone || question.Class != DnsClass.IN)
            return request.Reply(DnsRcode.NotAuth, ExtendedDnsError.NotAuthoritative);
        if (!MayTransfer(zone, request))
            return request.Reply(DnsRcode.Refused, ExtendedDnsError.Prohibited);
        uint? serial = question.Type == DnsType.IXFR ? SerialOf(request.Message, zone) : null;
        if ((question.Type == DnsType.IXFR && serial is null) || (serial is null && request.Peer is null))
            return request.Reply(DnsRcode.FormErr); // AXFR is not defined over UDP (RFC 5936 §4.2)
        if (Interlocked.Increment(ref _running) > maxTransfers)
        {
            Interlocked.Decrement(ref _running);
            return request.Reply(DnsRcode.ServFail, ExtendedDnsError.NotReady);
        }

        try
        {
            return await AnswerAsync(zone, serial, request, limit, workspace, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private static bool MayTransfer(Zone zone, Request request) =>
        AccessPolicy.MayTransfer(zone, request.Key) || (zone.Options.IsPublic && IsIn(zone.Options.TransferNetworks, request.Origin.Client.Address));

    private static bool IsIn(IReadOnlyList<IPNetwork> networks, IPAddress client)
    {
        IPAddress address = client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client;
        return networks.Any(network => network.Contains(address));
    }

    // RFC 1995 §3: the client's version of the SOA is in the authority section.
    private static uint? SerialOf(DnsMessage message, Zone zone) =>
        message.Authority is [{ Data: SoaData soa } record] && record.Name == zone.Apex ? soa.Serial : null;

    private async ValueTask<DnsMessage?> AnswerAsync(
        Zone zone, uint? serial, Request request, int limit, RequestWorkspace workspace, CancellationToken cancellationToken)
    {
        ZoneSnapshot snapshot = zone.Current;
        IReadOnlyList<ZoneJournalEntry>? changes = serial is { } known ? await FindChangesAsync(zone, snapshot, known, cancellationToken).ConfigureAwait(false) : null;
        if (request.Peer is not { } peer)
            return AnswerDatagram(snapshot, changes, request, limit - workspace.Tsig.SignatureSize);
        if (changes is { Count: 0 })
            return SoaAlone(snapshot, request);
        metrics.Add(changes is null ? ServerCount.FullTransfers : ServerCount.IncrementalTransfers);
        await SendAsync(peer, request, snapshot, changes, workspace, cancellationToken).ConfigureAwait(false);
        return null;
    }

    private async ValueTask SendAsync(
        IStreamPeer peer, Request request, ZoneSnapshot snapshot, IReadOnlyList<ZoneJournalEntry>? changes, RequestWorkspace workspace, CancellationToken cancellationToken)
    {
        IEnumerable<DnsRecord> records = changes is null ? TransferRecords.Whole(snapshot) : TransferRecords.Changes(snapshot.Soa, changes);
        using IEnumerator<DnsRecord> each = records.GetEnumerator();
        var messages = new TransferMessages(request, each);
        while (messages.TryWriteNext(workspace.Response.AsSpan(0, DnsMessage.MaxSize - workspace.Tsig.SignatureSize), out int written))
        {
            if (!workspace.Tsig.TrySignResponse(workspace.Response, written, clock.UtcNow, out written))
                break;
            await peer.SendAsync(workspace.Response.AsMemory(0, written), cancellationToken).ConfigureAwait(false);
        }

        // Half a transfer must not be taken for the whole: the client sees the connection end (RFC 5936 §2.3).
        if (!messages.IsComplete)
            peer.Abort();
    }

    /// <summary>The steps from a serial to the snapshot: none when it is that one or a later one, null when they are not known.</summary>
    private static async ValueTask<IReadOnlyList<ZoneJournalEntry>?> FindChangesAsync(Zone zone, ZoneSnapshot snapshot, uint serial, CancellationToken cancellationToken)
    {
        if (!new SerialNumber(snapshot.Serial).IsLaterThan(new SerialNumber(serial)))
            return [];
        try
        {
            IReadOnlyList<ZoneJournalEntry>? journal = await zone.ReadJournalAsync(serial, cancellationToken).ConfigureAwait(false);
            return journal is null ? null : TransferRecords.Choose(journal, snapshot);
        }
        catch (BtmmException error)
        {
            // The store cannot be read; the zone is in memory all the same.
            ServerLog.Instance.StoreFailed(error.Message);
            return null;
        }
    }

    // RFC 1995 §2: what does not fit into a datagram is answered by the SOA alone, and the client comes again by TCP. A client
    // without a signature may be somebody else's address, to which nothing long is sent.
    private DnsMessage AnswerDatagram(ZoneSnapshot snapshot, IReadOnlyList<ZoneJournalEntry>? changes, Request request, int room)
    {
        if (changes is not { Count: > 0 } || request.Key is null)
            return SoaAlone(snapshot, request);
        DnsMessage reply = request.Reply(DnsRcode.NoError);
        reply = reply with { Flags = reply.Flags | DnsFlags.Authoritative, Answers = [.. TransferRecords.Changes(snapshot.Soa, changes)] };
        byte[] message = new byte[Math.Max(DnsHeader.Size, room)];
        if (!reply.TryWrite(message, out _))
            return SoaAlone(snapshot, request);
        metrics.Add(ServerCount.IncrementalTransfers);
        return reply;
    }

    private static DnsMessage SoaAlone(ZoneSnapshot snapshot, Request request)
    {
        DnsMessage reply = request.Reply(DnsRcode.NoError);
        return reply with { Flags = reply.Flags | DnsFlags.Authoritative, Answers = [snapshot.Soa] };
    }
}
