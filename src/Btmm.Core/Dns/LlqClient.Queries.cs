using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Peers;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.LongLivedQuery;

namespace Btmm.Core.Dns;

/// <content>The zone's serial, polls and confirmations.</content>
public sealed partial class LlqClient
{
    private const int MaxQueries = 8;
    private static readonly TimeSpan[] s_keepaliveWaits = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(8)];

    private LlqPending? _keepalive;
    private int _keepaliveAttempts;
    private TimeSpan? _keepaliveAt;
    private uint? _serial;
    private bool _hadEvent;
    private bool _mustSendKeepalive;
    private int _asking;

    /// <summary>Asks for the serial: on the socket of the long-lived queries where there is one.</summary>
    private void KeepAlive(TimeSpan now)
    {
        if (_servers is not { } servers || _keepaliveAt is not { } due || now < due) return;
        var question = new DnsQuestion(servers.Zone, DnsType.SOA);
        if (_server is null)
        {
            _keepaliveAt = now + _options.KeepaliveInterval;
            Run(AskAsync(question, version: 0, servers.Primary, _attempts.Token));
            return;
        }

        if (_keepaliveAttempts == s_keepaliveWaits.Length)
        {
            GoDown(DnsErrors.Timeout(_server));
            return;
        }

        var message = new DnsMessage { Id = NewMessageId(), Flags = DnsFlags.RecursionDesired, Questions = [question] };
        _keepalive ??= new LlqPending(message, _zone.Key, _time.GetUtcNow());
        _keepaliveAt = now + s_keepaliveWaits[_keepaliveAttempts++];
        _mustSendKeepalive = true;
    }

    private void ForgetKeepalive()
    {
        _keepalive?.Dispose();
        _keepalive = null;
        _keepaliveAttempts = 0;
        _mustSendKeepalive = false;
    }

    private void HandleSerial(byte[] bytes, DnsMessage message)
    {
        if (_keepalive is not { } pending || !message.Questions.SequenceEqual(pending.Message.Questions) || !IsBelieved(pending, bytes)) return;
        ForgetKeepalive();
        _keepaliveAt = Now + _options.KeepaliveInterval;
        TakeSerial(message);
    }

    /// <summary>A new serial that no event explains: ask for every set, and mistrust the server's memory.</summary>
    private void TakeSerial(DnsMessage message)
    {
        if (message.Answers.Select(record => record.Data).OfType<SoaData>().FirstOrDefault() is not { } soa) return;
        TimeSpan now = Now;
        if (_serial is { } last && last != soa.Serial && !_hadEvent)
        {
            foreach (LlqWatch watch in _watches.Values)
            {
                watch.IsSuspect = true;
                watch.AskBy(now);
            }
        }

        _serial = soa.Serial;
        _hadEvent = false;
    }

    /// <summary>Asks for the sets that are due, a few at a time.</summary>
    private void Ask(TimeSpan now)
    {
        if (_servers is not { } servers) return;
        foreach (LlqWatch watch in _watches.Values)
        {
            if (_asking >= MaxQueries) return;
            if (watch.IsAsking || watch.QueryAt is not { } due || now < due) continue;
            watch.IsAsking = true;
            watch.QueryAt = null;
            _asking++;
            Run(AskAsync(watch.Question, watch.Version, servers.Primary, _attempts.Token));
        }
    }

    private async Task AskAsync(DnsQuestion question, int version, IReadOnlyList<IPEndPoint> servers, CancellationToken cancellationToken)
    {
        LlqInput.Answered answered;
        try
        {
            DnsReply reply = await _client.QueryAsync(question, servers, _zone.Key, cancellationToken: cancellationToken).ConfigureAwait(false);
            answered = new LlqInput.Answered(question, version, reply, null);
        }
        catch (BtmmException e)
        {
            answered = new LlqInput.Answered(question, version, null, e);
        }

        // A change of network cancels this, and with it the answer.
        await _inbox.Writer.WriteAsync(answered, cancellationToken).ConfigureAwait(false);
    }

    private void HandleAnswered(LlqInput.Answered answered)
    {
        bool isSet = _watches.TryGetValue(answered.Question, out LlqWatch? watch) && watch.IsAsking;
        if (answered.Question.Type == DnsType.SOA && !isSet)
        {
            if (answered.Reply is { } soa) TakeSerial(soa.Message);
            else HandleQueryFailure(answered.Error!);
            return;
        }

        if (_asking > 0) _asking--;
        if (watch is null || !isSet) return;
        watch.IsAsking = false;
        if (answered.Reply is { } reply) TakeAnswer(watch, answered.Version, reply.Message);
        else if (!IsTold(watch)) HandleQueryFailure(answered.Error!);
        if (answered.Error is not null) watch.AskBy(Now + (IsTold(watch) ? _options.ConfirmDelay : _options.PollFloor));
    }

    private void TakeAnswer(LlqWatch watch, int version, DnsMessage answer)
    {
        TimeSpan now = Now;
        if (version != watch.Version)
        {
            watch.AskBy(now + _options.ConfirmDelay); // an event overtook it
            return;
        }

        DnsRecord[] records = [.. answer.Answers.Where(record => record.Type == watch.Question.Type && record.Name == watch.Question.Name)];
        bool wasSuspect = watch.IsSuspect;
        watch.IsSuspect = false;
        bool isNews = watch.Set(records);
        if (IsTold(watch))
        {
            if (!isNews) return;
            watch.Session.Resync(records);
            if (wasSuspect) Begin(watch, now);
            return;
        }

        Report(_watches.Values.Any(IsTold) ? TellingMode : WatchMode.Polling, null);
        _locateDelay = s_firstRetry;
        // RFC 8764 §5.2.3: where the server says that the data is static, the TTL is all there is.
        TimeSpan ttl = TimeSpan.FromSeconds(LifetimeOf(records, answer));
        bool isStatic = watch.Session.State == LlqSessionState.Static;
        TimeSpan ceiling = isStatic ? TimeSpan.MaxValue : _options.PollCeiling;
        watch.AskBy(now + (ttl < _options.PollFloor ? _options.PollFloor : ttl > ceiling ? ceiling : ttl));
    }

    private void HandleQueryFailure(BtmmException error)
    {
        bool isSilent = error.Reason is BtmmErrorReason.Timeout or BtmmErrorReason.Unreachable;
        if (isSilent && _server is null && _servers is not null) GoDown(error);
        else Report(_mode, error);
    }

    /// <summary>Whether the server tells of changes of the set, so that it need not be polled.</summary>
    private static bool IsTold(LlqWatch watch) => watch.Session.State is LlqSessionState.Established or LlqSessionState.Refreshing;

    private static uint LifetimeOf(DnsRecord[] records, DnsMessage answer) => records.Length > 0
        ? records.Min(record => record.Ttl)
        : answer.Authority.Where(record => record.Data is SoaData).Select(record => Math.Min(record.Ttl, ((SoaData)record.Data).Minimum)).FirstOrDefault();
}
