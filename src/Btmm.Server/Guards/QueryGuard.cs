using System.Buffers.Binary;
using System.Text;
using Btmm.Core.Contracts;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Cookies;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.Queries;
using Btmm.Server.Requests;

namespace Btmm.Server.Guards;

/// <summary>
/// What surrounds a query's answer: cookies, the limit on answers, the server's id, and the reason of a refusal. Allocates nothing;
/// thread-safe.
/// </summary>
internal sealed class QueryGuard
{
    /// <summary>Bytes of a server's id at most.</summary>
    internal const int MaxServerId = 64;

    // RFC 5001 §2.1.
    private const ushort ServerIdCode = 3;

    private readonly CookieGuard _cookies;
    private readonly ResponseLimiter? _limiter;
    private readonly byte[]? _serverId;

    internal QueryGuard(ZoneServiceOptions options, ServiceClock clock, ServerMetrics metrics)
    {
        _cookies = new CookieGuard(options.CookieSecrets, options.Random, clock);
        _limiter = options.RateLimit is { } limit ? new ResponseLimiter(limit, clock, metrics) : null;
        _serverId = options.ServerId is { } id ? Encoding.UTF8.GetBytes(id) : null;
    }

    /// <summary>Looks at a request's options and puts those of the answer into its OPT record.</summary>
    internal CookieStatus Begin(in DnsRequestView request, in RequestOrigin origin, EdnsReply reply)
    {
        if (!request.HasEdns)
            return CookieStatus.None;
        if (_serverId is not null && request.TryFindOption(ServerIdCode, out _))
            reply.TryAdd(ServerIdCode, _serverId);
        return _cookies.Answer(request, origin.Address, reply);
    }

    /// <summary>Whether a request has no question because it is for a cookie only (RFC 7873 §5.4), and its answer's code.</summary>
    internal static bool IsForCookieOnly(in DnsRequestView request, CookieStatus cookie, out DnsRcode rcode)
    {
        bool hasServerCookie = request.TryFindOption(DnsServerCookie.OptionCode, out ReadOnlySpan<byte> option) && option.Length > DnsServerCookie.ClientSize;
        rcode = cookie == CookieStatus.Unproven && hasServerCookie ? DnsRcode.BadCookie : DnsRcode.NoError;
        return request.Header.QuestionCount == 0 && cookie is (CookieStatus.Unproven or CookieStatus.Valid);
    }

    /// <summary>Puts the reason of a refusal into the answer's OPT record (RFC 8914).</summary>
    internal static void Explain(RequestWorkspace workspace)
    {
        if (workspace.Answer.Why is not { } why)
            return;
        Span<byte> code = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(code, (ushort)why);
        workspace.Edns.TryAdd(ExtendedErrorOption.OptionCode, code);
    }

    /// <summary>Whether the answer to a STUN request may be sent.</summary>
    internal bool MaySendStun(in PeerAddress client) => _limiter is null || _limiter.MaySendStun(client);

    /// <summary>Whether the answer may be sent; it may have become one that only says how to come back.</summary>
    internal bool MaySend(in DnsRequestView request, in RequestOrigin origin, CookieStatus cookie, RequestWorkspace workspace)
    {
        bool isProven = origin.IsStream || cookie == CookieStatus.Valid || workspace.Tsig.Status == TsigStatus.Valid;
        if (_limiter is null || isProven)
            return true;
        QueryAnswer answer = workspace.Answer;
        RateDecision decision = _limiter.Decide(origin.Address, request.Name, request.Type, answer);
        if (decision == RateDecision.Slip)
        {
            // A client that knows cookies has ours now; others come again by TCP.
            answer.Start(cookie == CookieStatus.Unproven ? DnsRcode.BadCookie : DnsRcode.NoError);
            answer.IsTruncated = cookie != CookieStatus.Unproven;
        }

        return decision != RateDecision.Drop;
    }
}
