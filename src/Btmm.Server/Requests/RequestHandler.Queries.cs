using Btmm.Protocol.Dns;
using Btmm.Server.Guards;
using Btmm.Server.Hosting;
using Btmm.Server.Transfers;

namespace Btmm.Server.Requests;

/// <content>
/// Queries, read in place and answered without allocation: form, signature, EDNS version, question, answer, OPT, signature. All of
/// them go this way, however they came, but those with the option of long-lived queries.
/// </content>
internal sealed partial class RequestHandler
{
    // False for transfers, which wait for the store and the client.
    private bool TryHandleQuery(
        ReadOnlySpan<byte> bytes, DnsHeader header, in RequestOrigin origin, IStreamPeer? peer, Span<byte> response, RequestWorkspace workspace, out int length)
    {
        bool isWellFormed = DnsRequestView.TryParse(bytes, out DnsRequestView request);
        length = !isWellFormed ? WriteBare(header, DnsRcode.FormErr, response)
            : TransferHandler.Concerns(request) ? 0
            : LlqHandler.Concerns(request, origin, peer) ? HandleLongLivedQuery(bytes, origin, peer, response, workspace)
            : HandleQuery(request, origin, peer, response, workspace);
        return !isWellFormed || !TransferHandler.Concerns(request);
    }

    private int HandleQuery(in DnsRequestView request, in RequestOrigin origin, IStreamPeer? peer, Span<byte> response, RequestWorkspace workspace)
    {
        workspace.Edns.Start(request.HasEdns);
        CookieStatus cookie = guard.Begin(request, origin, workspace.Edns);
        TcpKeepalive.Answer(request, peer, workspace.Edns);
        try
        {
            Answer(request, cookie, workspace);
        }
        catch (Exception error)
        {
            Report(origin, error);
            workspace.Answer.Start(DnsRcode.ServFail);
        }

        if (!guard.MaySend(request, origin, cookie, workspace))
            return 0;
        return Write(request, Limit(origin, request.HasEdns ? request.UdpPayloadSize : null), response, workspace);
    }

    private void Answer(in DnsRequestView request, CookieStatus cookie, RequestWorkspace workspace)
    {
        DnsRcode rcode = DnsRcode.NoError;
        if (request.IsSigned)
            rcode = Verify(request.Message, workspace);
        else
            workspace.Tsig.BeginUnsigned();
        if (rcode == DnsRcode.NoError && cookie == CookieStatus.Malformed)
            rcode = DnsRcode.FormErr;
        if (rcode == DnsRcode.NoError && request.EdnsVersion > 0)
            rcode = DnsRcode.BadVers;
        if (rcode != DnsRcode.NoError)
            workspace.Answer.Start(rcode);
        else if (QueryGuard.IsForCookieOnly(request, cookie, out rcode))
            workspace.Answer.Start(rcode);
        else
            queries.Answer(request, workspace.Tsig.Key, workspace.Answer);
        QueryGuard.Explain(workspace);
    }

    private int Write(in DnsRequestView request, int limit, Span<byte> response, RequestWorkspace workspace)
    {
        if (workspace.Answer.Rcode is DnsRcode.Refused or DnsRcode.NotAuth)
            metrics.Add(ServerCount.Refused);
        if (!AnswerWriter.TryWrite(request, workspace.Answer, workspace.Edns, Room(response, limit, workspace), out int written))
        {
            // RFC 8945 §5.3: question and signature alone, and the client comes again by TCP.
            workspace.Answer.Start(workspace.Answer.Rcode);
            workspace.Answer.IsTruncated = true;
            workspace.Edns.Start(isWanted: false);
            if (!AnswerWriter.TryWrite(request, workspace.Answer, workspace.Edns, response, out written))
                return 0;
        }

        return workspace.Tsig.Status == Protocol.Dns.Tsig.TsigStatus.NotSigned ? written : Sign(response, written, workspace);
    }
}
