using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.Push;
using Btmm.Server.Transfers;

namespace Btmm.Server.Requests;

/// <summary>
/// What comes over connections: stateful operations and the proofs of keys that go with them (RFC 8490, RFC 8765), which are taken
/// over TLS only, or requests like those that come by datagram. Thread-safe, but the messages of one connection come one after the
/// other (RFC 8490 §6.1); only those which may be overtaken are not waited for.
/// </summary>
internal sealed class StreamHandler(RequestHandler requests, PushTable push, ITsigKeyRing keys, ServiceClock clock, ServerMetrics metrics)
{
    private readonly Updates.ReplayCache _proofs = new(clock);

    /// <summary>
    /// Whether what comes after a message may be answered before it (RFC 7766 §6.2.1.1): an update waits for the store, a
    /// transfer takes long.
    /// </summary>
    internal static bool MayBeOvertaken(ReadOnlySpan<byte> bytes) =>
        DnsHeader.TryRead(bytes, out DnsHeader header) && !header.IsResponse
        && (header.Opcode == DnsOpcode.Update
            || (header.Opcode == DnsOpcode.Query && DnsRequestView.TryParse(bytes, out DnsRequestView request) && TransferHandler.Concerns(request)));

    /// <summary>Answers a message into the workspace; returns the length of the answer, 0 when there is none.</summary>
    /// <param name="bytes">The message.</param>
    /// <param name="peer">The connection it came over.</param>
    /// <param name="workspace">The caller's.</param>
    /// <param name="cancellationToken">The service stops, or the connection has ended.</param>
    internal async ValueTask<int> HandleAsync(ReadOnlyMemory<byte> bytes, IStreamPeer peer, RequestWorkspace workspace, CancellationToken cancellationToken)
    {
        if (peer.Origin.Transport != DnsTransportKind.Tls || !DnsHeader.TryRead(bytes.Span, out DnsHeader header))
            return await requests.HandleAsync(bytes, peer.Origin, peer, workspace, cancellationToken).ConfigureAwait(false);
        if (header.Opcode == DnsOpcode.Dso)
        {
            await push.HandleAsync(bytes, peer, cancellationToken).ConfigureAwait(false);
            return 0;
        }

        PushConnection? session = push.Find(peer);
        if (session is not null && !MayPass(session, bytes.Span))
            return 0;
        session?.With(item => item.BeginOperation(clock.Now));
        try
        {
            return header.Opcode == DnsOpcode.Query && PushAuthorization.IsAuthorization(bytes.Span[DnsHeader.Size..])
                ? await ProveAsync(bytes, peer, workspace).ConfigureAwait(false)
                : await requests.HandleAsync(bytes, peer.Origin, peer, workspace, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            session?.With(item => item.EndOperation(clock.Now));
        }
    }

    // RFC 8490 §6.6.1.1: nothing is answered after the end was announced. §7.1.2: no edns-tcp-keepalive within a session.
    private static bool MayPass(PushConnection session, ReadOnlySpan<byte> bytes)
    {
        if (session.IsEnding)
            return false;
        if (!DnsMessage.TryParse(bytes, out DnsMessage? message) || !DsoRules.IsForbidden(message.Edns) || !session.With(static item => item.IsEstablished))
            return true;
        session.Peer.Abort();
        return false;
    }

    // Success says that the key is proven on this connection; the answer's signature says so to the client.
    private async ValueTask<int> ProveAsync(ReadOnlyMemory<byte> bytes, IStreamPeer peer, RequestWorkspace workspace)
    {
        if (!DnsMessage.TryParse(bytes.Span, out DnsMessage? message) || message.Questions is not [{ Type: DnsType.TXT } question] || message.IsResponse)
        {
            peer.Abort();
            return 0;
        }

        workspace.Tsig.Verify(bytes.Span, keys, clock.UtcNow);
        DnsRcode rcode = workspace.Tsig.Rcode;
        if (rcode != DnsRcode.NoError)
            metrics.Add(ServerCount.SignatureFailures);
        else if (workspace.Tsig.Key is not { } key || !PushAuthorization.IsFor(question.Name, peer.CertificateHash.Span))
            rcode = DnsRcode.Refused;
        else
            rcode = await ProveAsync(message, peer, key).ConfigureAwait(false);
        DnsMessage reply = Request.Reply(message, message.Edns, rcode);
        int room = workspace.Response.Length - workspace.Tsig.SignatureSize;
        return reply.TryWrite(workspace.Response.AsSpan(0, room), out int length) && workspace.Tsig.TrySignResponse(workspace.Response, length, clock.UtcNow, out int signed)
            ? signed
            : 0;
    }

    // Each signature proves its key once, so that not even somebody who has broken into the TLS of the one connection can use it on another.
    private async ValueTask<DnsRcode> ProveAsync(DnsMessage message, IStreamPeer peer, TsigKey key)
    {
        if (message.TsigData is not { } tsig)
            return DnsRcode.Refused;
        bool isFirst = false;
        await _proofs.GetOrRunAsync(tsig.Mac, () =>
        {
            isFirst = true;
            return Task.FromResult(DnsRcode.NoError);
        }).ConfigureAwait(false);
        return isFirst && push.TryAuthorize(peer, key) ? DnsRcode.NoError : DnsRcode.Refused;
    }
}
