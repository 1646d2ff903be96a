using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;

namespace Btmm.Server.Requests;

/// <summary>
/// From a received message to the bytes of its answer: form, signature, EDNS, dispatch, size, signature. Thread-safe; each
/// caller brings its own <see cref="RequestWorkspace"/>.
/// </summary>
internal sealed class RequestHandler(
    QueryHandler queries,
    UpdateHandler updates,
    LlqHandler longLivedQueries,
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
    internal async ValueTask<int> HandleAsync(
        ReadOnlyMemory<byte> bytes, RequestOrigin origin, IStreamPeer? peer, RequestWorkspace workspace, CancellationToken cancellationToken)
    {
        if (!DnsHeader.TryRead(bytes.Span, out DnsHeader header))
            return 0;

        // The QR bit comes before the opcode: acknowledgements of events are responses (RFC 8764 §6.3).
        if (header.IsResponse)
        {
            longLivedQueries.HandleResponse(bytes.Span, origin);
            return 0;
        }

        if (header.Opcode is not (DnsOpcode.Query or DnsOpcode.Update))
            return WriteBare(header, DnsRcode.NotImp, workspace);
        if (!DnsMessage.TryParse(bytes.Span, out DnsMessage? message))
            return WriteBare(header, DnsRcode.FormErr, workspace);

        workspace.Tsig.Verify(bytes.Span, keys, clock.UtcNow);
        EdnsInfo? edns = message.Edns;
        int limit = Limit(origin, edns);
        if (workspace.Tsig.Rcode is var rcode && rcode != DnsRcode.NoError)
        {
            metrics.Add(ServerCount.SignatureFailures);
            return Write(Request.Reply(message, edns, rcode), limit, workspace);
        }

        var request = new Request(message, edns, workspace.Tsig.Key, origin, peer);
        if (edns is { Version: > 0 })
            return Write(request.Reply(DnsRcode.BadVers), limit, workspace);
        return await DispatchAsync(request, bytes.Length, limit, workspace, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Counts an update that nobody had room for; its sender will repeat it.</summary>
    internal void CountDroppedUpdate() => metrics.Add(ServerCount.UpdatesDropped);

    private async ValueTask<int> DispatchAsync(Request request, int length, int limit, RequestWorkspace workspace, CancellationToken cancellationToken)
    {
        try
        {
            if (request.Message.Opcode == DnsOpcode.Update)
                return Write(await updates.HandleAsync(request, cancellationToken).ConfigureAwait(false), limit, workspace);
            if (!LlqHandler.Concerns(request))
                return Write(queries.Handle(request), limit, workspace);

            DnsMessage? instead = longLivedQueries.Handle(request, Room(limit, workspace), (LlqHandler.MaxAmplification * length) - workspace.Tsig.SignatureSize, out int written);
            return instead is null ? Sign(written, workspace) : Write(instead, limit, workspace);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // One request that fails must not stop the service: it is answered, counted and reported.
            metrics.Add(ServerCount.RequestsFailed);
            ServerLog.Instance.RequestFailed(request.Origin.Client.ToString(), error.ToString());
            return Write(request.Reply(DnsRcode.ServFail), limit, workspace);
        }
    }

    // What the client can take, but over UDP never more than passes without fragments. A size of 0 says nothing (RFC 8764 §3.2).
    private static int Limit(RequestOrigin origin, EdnsInfo? edns)
    {
        if (origin.IsStream)
            return DnsMessage.MaxSize;
        return edns?.UdpPayloadSize switch
        {
            null => DnsMessage.ClassicUdpSize,
            0 => EdnsInfo.SafeUdpPayloadSize,
            ushort size => Math.Clamp((int)size, DnsMessage.ClassicUdpSize, EdnsInfo.SafeUdpPayloadSize),
        };
    }

    private static Span<byte> Room(int limit, RequestWorkspace workspace) =>
        workspace.Response.AsSpan(0, Math.Max(DnsHeader.Size, limit - workspace.Tsig.SignatureSize));

    private int Write(DnsMessage reply, int limit, RequestWorkspace workspace)
    {
        if (reply.Rcode is DnsRcode.Refused or DnsRcode.NotAuth)
            metrics.Add(ServerCount.Refused);
        if (!reply.TryWriteTruncating(Room(limit, workspace), out int written))
        {
            // RFC 8945 §5.3: question and signature alone, and the client comes again by TCP.
            DnsMessage shortest = reply with { Flags = reply.Flags | DnsFlags.Truncated, Answers = [], Authority = [], Additional = [] };
            if (!shortest.TryWrite(workspace.Response, out written))
                return 0;
        }

        return Sign(written, workspace);
    }

    private int Sign(int length, RequestWorkspace workspace) =>
        workspace.Tsig.TrySignResponse(workspace.Response, length, clock.UtcNow, out int signed) ? signed : 0;

    // The message could not be read, so there is nothing to echo or sign but the header.
    private int WriteBare(DnsHeader header, DnsRcode rcode, RequestWorkspace workspace)
    {
        metrics.Add(ServerCount.Malformed);
        ushort bits = DnsHeader.Pack(DnsFlags.Response | (header.Flags & DnsFlags.RecursionDesired), header.Opcode, rcode);
        return new DnsHeader(header.Id, bits, 0, 0, 0, 0).TryWrite(workspace.Response) ? DnsHeader.Size : 0;
    }
}
