using System.Diagnostics.CodeAnalysis;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Protocol.NatTraversal.Stun;
using Btmm.Server.Guards;
using Btmm.Server.Hosting;
using Btmm.Server.Stun;
using Btmm.Server.Transfers;

namespace Btmm.Server.Requests;

/// <summary>
/// From a received message to the bytes of its answer: form, signature, EDNS, dispatch, size, signature. Thread-safe; each
/// caller brings its own <see cref="RequestWorkspace"/>.
/// </summary>
internal sealed partial class RequestHandler(
    QueryHandler queries,
    UpdateHandler updates,
    LlqHandler longLivedQueries,
    TransferHandler transfers,
    ZoneNotifier notifier,
    QueryGuard guard,
    ITsigKeyRing keys,
    ServiceClock clock,
    ServerMetrics metrics)
{
    /// <summary>Answers a message into the workspace; returns the length of the answer, 0 when there is none.</summary>
    /// <param name="bytes">The message.</param>
    /// <param name="origin">Where it came from.</param>
    /// <param name="peer">The connection it came over; null for a datagram.</param>
    /// <param name="workspace">The caller's.</param>
    /// <param name="cancellationToken">The service stops, or the connection has ended.</param>
    internal ValueTask<int> HandleAsync(
        ReadOnlyMemory<byte> bytes, RequestOrigin origin, IStreamPeer? peer, RequestWorkspace workspace, CancellationToken cancellationToken)
    {
        TimeSpan start = workspace.ReceivedAt ?? clock.Now;
        if (!TryHandle(bytes.Span, origin, peer, workspace.Response, workspace, out int length))
            return HandleSlowAsync(bytes, origin, peer, workspace, start, cancellationToken);
        return ValueTask.FromResult(Timed(bytes.Span, start, length));
    }

    /// <summary>
    /// Answers a message at once, without allocating when it is an ordinary query. False when the answer has to wait for
    /// something: then it is for <see cref="HandleAsync"/>.
    /// </summary>
    /// <param name="bytes">The message.</param>
    /// <param name="origin">Where it came from.</param>
    /// <param name="peer">The connection it came over; null for a datagram.</param>
    /// <param name="response">Where the answer goes: of the largest size that the transport takes.</param>
    /// <param name="workspace">The caller's.</param>
    /// <param name="length">The length of the answer, 0 when there is none.</param>
    internal bool TryHandle(ReadOnlySpan<byte> bytes, in RequestOrigin origin, IStreamPeer? peer, Span<byte> response, RequestWorkspace workspace, out int length)
    {
        length = 0;
        if (!DnsHeader.TryRead(bytes, out DnsHeader header))
            return true;
        if (peer is null && StunHeader.IsStun(bytes))
        {
            length = HandleStun(bytes, origin, response);
            return true;
        }

        // The QR bit comes before the opcode: acknowledgements of events are responses (RFC 8764 §6.3).
        if (header.IsResponse)
        {
            if (header.Opcode == DnsOpcode.Notify)
                notifier.HandleResponse(bytes, origin.Client);
            else
                longLivedQueries.HandleResponse(bytes, origin);
            return true;
        }

        if (header.Opcode == DnsOpcode.Update)
            return false;
        if (header is { Opcode: DnsOpcode.Dso, Id: 0 })
            return true; // never answered (RFC 8490 §5.4.3); stateful operations as such are for TLS only
        if (header.Opcode == DnsOpcode.Query)
            return TryHandleQuery(bytes, header, origin, peer, response, workspace, out length);
        length = WriteBare(header, DnsRcode.NotImp, response);
        return true;
    }

    /// <summary>The service's monotonic clock.</summary>
    internal TimeSpan Now => clock.Now;

    /// <summary>A place for a thread to note how long its answers took.</summary>
    internal LatencyMetrics.Lane NewLane() => metrics.Latency.NewLane();

    /// <summary>Counts an update that nobody had room for; its sender will repeat it.</summary>
    internal void CountDroppedUpdate() => metrics.Add(ServerCount.UpdatesDropped);

    private int HandleStun(ReadOnlySpan<byte> bytes, in RequestOrigin origin, Span<byte> response)
    {
        if (!guard.MaySendStun(origin.Address))
            return 0;
        metrics.Add(ServerCount.StunRequests);
        return StunAnswer.Write(bytes, origin.Address, response);
    }

    private async ValueTask<int> HandleSlowAsync(
        ReadOnlyMemory<byte> bytes, RequestOrigin origin, IStreamPeer? peer, RequestWorkspace workspace, TimeSpan start, CancellationToken cancellationToken)
    {
        if (!TryRead(bytes.Span, origin, peer, workspace.Response, workspace, out Request? request, out int length))
            return length;
        try
        {
            int limit = Limit(origin, request.Edns?.UdpPayloadSize);
            DnsMessage? reply = TransferHandler.Concerns(request)
                ? await transfers.HandleAsync(request, limit, workspace, cancellationToken).ConfigureAwait(false)
                : await updates.HandleAsync(request, cancellationToken).ConfigureAwait(false);
            return reply is null ? 0 : Timed(bytes.Span, start, Write(reply, limit, workspace.Response, workspace));
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            Report(origin, error);
            // The store failed: queries go on meanwhile.
            ExtendedDnsError why = error is IOException ? ExtendedDnsError.NotReady : ExtendedDnsError.Other;
            return Write(request.Reply(DnsRcode.ServFail, why), Limit(origin, request.Edns?.UdpPayloadSize), workspace.Response, workspace);
        }
    }

    private int Timed(ReadOnlySpan<byte> request, TimeSpan start, int length)
    {
        if (length > 0 && DnsHeader.TryRead(request, out DnsHeader header))
            metrics.Latency.Shared.Add(header.Opcode, clock.Now - start);
        return length;
    }

    // Form, signature and EDNS version of what is worked on as an object. False when that is answered already.
    private bool TryRead(
        ReadOnlySpan<byte> bytes, in RequestOrigin origin, IStreamPeer? peer, Span<byte> response, RequestWorkspace workspace, [NotNullWhen(true)] out Request? request, out int length)
    {
        request = null;
        if (!DnsMessage.TryParse(bytes, out DnsMessage? message))
        {
            length = DnsHeader.TryRead(bytes, out DnsHeader header) ? WriteBare(header, DnsRcode.FormErr, response) : 0;
            return false;
        }

        length = 0;
        EdnsInfo? edns = message.Edns;
        DnsRcode rcode = Verify(bytes, workspace);
        if (rcode == DnsRcode.NoError && edns is { Version: > 0 })
            rcode = DnsRcode.BadVers;
        if (rcode == DnsRcode.NoError)
            request = new Request(message, edns, workspace.Tsig.Key, origin, peer);
        else
            length = Write(Request.Reply(message, edns, rcode), Limit(origin, edns?.UdpPayloadSize), response, workspace);
        return request is not null;
    }

    private int HandleLongLivedQuery(ReadOnlySpan<byte> bytes, in RequestOrigin origin, IStreamPeer? peer, Span<byte> response, RequestWorkspace workspace)
    {
        if (!TryRead(bytes, origin, peer, response, workspace, out Request? request, out int length))
            return length;
        int limit = Limit(origin, request.Edns?.UdpPayloadSize);
        try
        {
            DnsMessage? instead = longLivedQueries.Handle(
                request, Room(response, limit, workspace), (LlqHandler.MaxAmplification * bytes.Length) - workspace.Tsig.SignatureSize, out int written);
            return instead is null ? Sign(response, written, workspace) : Write(instead, limit, response, workspace);
        }
        catch (Exception error)
        {
            Report(origin, error);
            return Write(request.Reply(DnsRcode.ServFail), limit, response, workspace);
        }
    }

    private DnsRcode Verify(ReadOnlySpan<byte> bytes, RequestWorkspace workspace)
    {
        workspace.Tsig.Verify(bytes, keys, clock.UtcNow);
        DnsRcode rcode = workspace.Tsig.Rcode;
        if (rcode != DnsRcode.NoError)
            metrics.Add(ServerCount.SignatureFailures);
        return rcode;
    }

    // One request that fails must not stop the service: it is answered, counted and reported.
    private void Report(in RequestOrigin origin, Exception error)
    {
        metrics.Add(ServerCount.RequestsFailed);
        ServerLog.Instance.RequestFailed(origin.Address.ToString(), error.ToString());
    }

    // What the client can take, but over UDP never more than passes without fragments. A size of 0 says nothing (RFC 8764 §3.2).
    private static int Limit(in RequestOrigin origin, ushort? payloadSize)
    {
        if (origin.IsStream)
            return DnsMessage.MaxSize;
        return payloadSize switch
        {
            null => DnsMessage.ClassicUdpSize,
            0 => EdnsInfo.SafeUdpPayloadSize,
            ushort size => Math.Clamp((int)size, DnsMessage.ClassicUdpSize, EdnsInfo.SafeUdpPayloadSize),
        };
    }

    private static Span<byte> Room(Span<byte> response, int limit, RequestWorkspace workspace) =>
        response[..Math.Max(DnsHeader.Size, limit - workspace.Tsig.SignatureSize)];

    private int Write(DnsMessage reply, int limit, Span<byte> response, RequestWorkspace workspace)
    {
        if (reply.Rcode is DnsRcode.Refused or DnsRcode.NotAuth)
            metrics.Add(ServerCount.Refused);
        if (!reply.TryWriteTruncating(Room(response, limit, workspace), out int written))
        {
            // RFC 8945 §5.3: question and signature alone, and the client comes again by TCP.
            DnsMessage shortest = reply with { Flags = reply.Flags | DnsFlags.Truncated, Answers = [], Authority = [], Additional = [] };
            if (!shortest.TryWrite(response, out written))
                return 0;
        }

        return Sign(response, written, workspace);
    }

    private int Sign(Span<byte> response, int length, RequestWorkspace workspace) =>
        workspace.Tsig.TrySignResponse(response, length, clock.UtcNow, out int signed) ? signed : 0;

    // The message could not be read, so there is nothing to echo or sign but the header.
    private int WriteBare(DnsHeader header, DnsRcode rcode, Span<byte> response)
    {
        metrics.Add(ServerCount.Malformed);
        ushort bits = DnsHeader.Pack(DnsFlags.Response | (header.Flags & DnsFlags.RecursionDesired), header.Opcode, rcode);
        return new DnsHeader(header.Id, bits, 0, 0, 0, 0).TryWrite(response) ? DnsHeader.Size : 0;
    }
}
