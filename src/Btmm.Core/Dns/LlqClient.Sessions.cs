using System.Buffers.Binary;
using System.Net.Sockets;
using Btmm.Core.Dns.Tls;
using Btmm.Core.Peers;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.LongLivedQuery;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Dns;

/// <content>The sessions: what they send, what they hear, what they tell.</content>
public sealed partial class LlqClient
{
    private readonly Dictionary<ushort, LlqWatch> _pending = [];
    private readonly HashSet<LlqWatch> _unsent = [];
    private readonly TsigServerTransaction _eventVerifier = new();
    private TimeSpan? _resendAt;

    private void BeginWatch(DnsQuestion question)
    {
        var watch = new LlqWatch(question, new LlqClientSession(question, _options.Lease, NewMessageId));
        _watches.Add(question, watch);
        if (_servers is not null) Begin(watch, Now);
    }

    private void EndWatch(DnsQuestion question)
    {
        if (!_watches.Remove(question, out LlqWatch? watch)) return;
        watch.Session.Terminate(Now);
        _ending.Add(watch);
    }

    private WatchMode TellingMode => _server is TlsEndPoint ? WatchMode.LongLivedQueriesOverTls : WatchMode.LongLivedQueries;

    private ushort NewMessageId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        ushort id;
        do
        {
            _random.Fill(bytes);
            id = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        }
        while (_pending.ContainsKey(id) || id == _keepalive?.Message.Id);
        return id;
    }

    private void HandleDatagram(LlqInput.Received datagram)
    {
        if (!datagram.From.Equals(_server) || !DnsMessage.TryParse(datagram.Bytes, out DnsMessage? message) || !message.IsResponse) return;
        LlqOption? option = message.Edns?.Find<LlqOption>();
        if (option?.Opcode == LlqOpcode.Event) HandleEvent(datagram.Bytes, message, option.Id);
        else if (message.Id == _keepalive?.Message.Id) HandleSerial(datagram.Bytes, message);
        else if (_pending.TryGetValue(message.Id, out LlqWatch? watch) && watch.Pending is { } pending && IsBelieved(pending, datagram.Bytes)) watch.Session.HandleMessage(Now, message);
    }

    private void HandleEvent(byte[] bytes, DnsMessage message, ulong id)
    {
        if (id == 0 || _watches.Values.FirstOrDefault(watch => watch.Session.Id == id) is not { } watch) return;
        bool isBelieved = _eventKeys is null || _eventVerifier.Verify(bytes, _eventKeys, _time.GetUtcNow()) == TsigStatus.Valid;
        bool isOurs = isBelieved ? watch.Session.HandleMessage(Now, message) : watch.Session.AcknowledgeOnly(message);
        if (!isOurs) return;
        _hadEvent = true;
        watch.AskBy(Now + (isBelieved ? _options.ConfirmDelay : TimeSpan.Zero));
    }

    private bool IsBelieved(LlqPending pending, byte[] bytes)
    {
        DateTimeOffset now = _time.GetUtcNow();
        if (pending.Verify(bytes, now, out TsigVerdict verdict)) return true;
        if (verdict.Status == TsigStatus.RejectedByServer && _zone.Key is { } key) Report(WatchMode.Searching, DnsErrors.FromVerdict(verdict, _server!, key, now));
        return false;
    }

    private void TakeEvents(TimeSpan now)
    {
        foreach (LlqWatch watch in _watches.Values.ToArray())
        {
            while (watch.Session.TryTakeEvent(out LlqEvent happened))
            {
                TakeEvent(watch, happened, now);
                if (_servers is null) return; // it went down
            }
        }

        foreach (LlqWatch watch in _ending.Where(watch => watch.Session.State == LlqSessionState.Ended).ToArray())
        {
            Forget(watch);
            _ending.Remove(watch);
        }
    }

    private void TakeEvent(LlqWatch watch, LlqEvent happened, TimeSpan now)
    {
        switch (happened.Kind)
        {
            case LlqEventKind.Established:
                _locateDelay = s_firstRetry;
                _setupAt = null;
                watch.QueryAt = null;
                watch.Set(watch.Session.Records);
                Report(TellingMode, null);
                break;
            case LlqEventKind.Added or LlqEventKind.Removed:
                watch.Set(watch.Session.Records);
                break;
            case LlqEventKind.SetupFailed when watch.Session.State == LlqSessionState.NoAnswer:
                GoDown(DnsErrors.Timeout(_server!));
                break;
            case LlqEventKind.SetupFailed:
                watch.AskBy(now);
                if (watch.Session.State != LlqSessionState.Unsupported) break;
                _setupAt = now + _options.SetupRetryInterval;
                Report(WatchMode.Polling, null);
                break;
        }
    }

    /// <summary>RFC 8764 §5.1: a server that had no long-lived queries may have them later, and the first one may work again.</summary>
    private void SetUpAgain(TimeSpan now)
    {
        if (_betterAt <= now && _servers is { } servers)
        {
            _serverIndex = 0;
            _server = ChooseServer(servers);
            StartOver();
            return;
        }

        if (_setupAt is not { } due || now < due) return;
        _setupAt = null;
        foreach (LlqWatch watch in _watches.Values.Where(watch => watch.Session.State == LlqSessionState.Unsupported)) Begin(watch, now);
    }

    private async Task SendAllAsync(TimeSpan now)
    {
        if (_resendAt is { } due && now >= due) await SendUnsentAsync().ConfigureAwait(false);
        if (_mustSendKeepalive && _keepalive is not null) _mustSendKeepalive = !await TrySendAsync(_keepalive.Bytes).ConfigureAwait(false);
        foreach (LlqWatch watch in _watches.Values.Concat(_ending).ToArray())
        {
            while (watch.Session.TryTakeOutput(out LlqOutput output))
            {
                if (!output.IsRequest) await TrySendAsync(output.Message.ToArray()).ConfigureAwait(false);
                else await SendRequestAsync(watch, output.Message).ConfigureAwait(false);
            }

            if (watch.Pending is { } pending && watch.Session.PendingId != pending.Message.Id) Forget(watch);
        }
    }

    private async Task SendRequestAsync(LlqWatch watch, DnsMessage message)
    {
        if (!ReferenceEquals(watch.Pending?.Message, message))
        {
            Forget(watch);
            watch.Pending = new LlqPending(message, _zone.Key, _time.GetUtcNow());
            _pending[message.Id] = watch;
        }

        if (!await TrySendAsync(watch.Pending!.Bytes).ConfigureAwait(false)) _unsent.Add(watch);
    }

    /// <summary>Sends again what the network did not take: after a move the routes may come a moment later than the news.</summary>
    private async Task SendUnsentAsync()
    {
        _resendAt = null;
        LlqWatch[] unsent = [.. _unsent];
        _unsent.Clear();
        foreach (LlqWatch watch in unsent)
        {
            if (watch.Pending is { } pending && !await TrySendAsync(pending.Bytes).ConfigureAwait(false)) _unsent.Add(watch);
        }
    }

    private async Task<bool> TrySendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            if (_link is not null && _server is not null)
            {
                await _link.SendAsync(bytes, _closing.Token).ConfigureAwait(false);
                return true;
            }
        }
        catch (SocketException)
        {
            _resendAt ??= Now + s_resend;
            return false;
        }

        _resendAt ??= Now + s_resend;
        return false;
    }

    private void Forget(LlqWatch watch)
    {
        if (watch.Pending is not { } pending) return;
        _pending.Remove(pending.Message.Id);
        _unsent.Remove(watch);
        pending.Dispose();
        watch.Pending = null;
    }

    private void ForgetExchanges()
    {
        foreach (LlqWatch watch in _watches.Values.Concat(_ending)) Forget(watch);
        _unsent.Clear();
        _resendAt = null;
        ForgetKeepalive();
        _keepaliveAt = null;
    }

    /// <summary>Tells the server that all queries end, and waits a moment for its word.</summary>
    private async Task EndQueriesAsync()
    {
        foreach (DnsQuestion question in _watches.Keys.ToArray()) EndWatch(question);
        TimeSpan deadline = Now + _options.EndTimeout;
        while (true)
        {
            TakeEvents(Now);
            foreach (LlqWatch watch in _ending) watch.Session.HandleTimeout(Now);
            await SendAllAsync(Now).ConfigureAwait(false);
            if (_ending.Count == 0 || Now >= deadline || _link is null) return;
            await WaitAsync(deadline, CancellationToken.None).ConfigureAwait(false);
            while (_inbox.Reader.TryRead(out LlqInput? input))
            {
                if (input is LlqInput.Received received && received.Generation == _generation) HandleDatagram(received);
            }
        }
    }
}
