using System.Buffers.Binary;
using System.Net.Sockets;
using System.Threading.Channels;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns.Tls;
using Btmm.Core.Peers;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Dns.Push;

/// <content>One connection: proof of the key, the session, what it tells.</content>
public sealed partial class PushClient
{
    private const int FramesLength = 64;

    private readonly HashSet<DnsQuestion> _unanswered = [];
    private TimeSpan? _refusedFor;
    private BtmmException? _refusal;
    private TimeSpan _retryAfter;

    private async Task UseAsync(ZoneServers servers, TlsEndPoint server, CancellationToken cancellationToken)
    {
        Enter(PushPhase.Connecting, null);
        PushLink link;
        try
        {
            link = await ConnectAsync(servers, server, cancellationToken).ConfigureAwait(false);
        }
        catch (BtmmException error)
        {
            _retries.Failed(Now, server, error);
            _report(error);
            Enter(PushPhase.Waiting, error);
            return;
        }

        await using (link.ConfigureAwait(false))
        {
            var session = new PushClientSession(DsoTimeouts.From(_options.InactivityTimeout, _options.KeepaliveInterval));
            await ServeAsync(link, server, session, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<PushLink> ConnectAsync(ZoneServers servers, TlsEndPoint server, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(_options.ConnectTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        PushLink? link = null;
        try
        {
            link = PushLink.Over(await _connect(server, either.Token).ConfigureAwait(false));
            await ProveAsync(link, servers, server, either.Token).ConfigureAwait(false);
            (PushLink connected, link) = (link, null);
            return connected;
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            throw DnsErrors.Unreachable(server, error);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw DnsErrors.Timeout(server);
        }
        finally
        {
            if (link is not null) await link.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Shows that we hold the account's key. Only a clear rejection of the key is an error: a server of another make does not know
    /// this, and serves what it serves to everybody.
    /// </summary>
    private async Task ProveAsync(PushLink link, ZoneServers servers, TlsEndPoint server, CancellationToken cancellationToken)
    {
        if (_key is null || link.CertificateHash.IsEmpty) return;
        byte[] nonce = new byte[PushAuthorization.NonceSize];
        _random.Fill(nonce);
        if (PushAuthorization.NameFor(link.CertificateHash.Span, servers.Zone, nonce) is not { } name) return;
        var request = new DnsMessage { Id = BinaryPrimitives.ReadUInt16BigEndian(nonce), Questions = [new DnsQuestion(name, DnsType.TXT)] };
        using var pending = new LlqPending(request, _key, _time.GetUtcNow());
        await link.SendAsync(pending.Bytes, cancellationToken).ConfigureAwait(false);
        byte[] answer = await link.ReceiveAsync(cancellationToken).ConfigureAwait(false) ?? throw new IOException("The server closed the connection.");
        if (!pending.Verify(answer, _time.GetUtcNow(), out TsigVerdict verdict) && verdict.Status == TsigStatus.RejectedByServer)
            throw DnsErrors.FromVerdict(verdict, server, _key, _time.GetUtcNow());
    }

    private async Task ServeAsync(PushLink link, TlsEndPoint server, PushClientSession session, CancellationToken cancellationToken)
    {
        Channel<byte[]> frames = Channel.CreateBounded<byte[]>(FramesLength);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task reader = ReadAsync(link, frames.Writer, reading.Token);
        _refusedFor = null;
        _retryAfter = TimeSpan.Zero;
        _unanswered.Clear();
        foreach (PushSet set in _sets.Values) set.BeginConnection();
        bool wasActive = false;
        try
        {
            session.Start(Now);
            while (await StepAsync(link, session, frames.Reader, cancellationToken).ConfigureAwait(false)) wasActive |= _phase == PushPhase.Active;
            bool isGraceful = session.End is PushSessionEnd.RetryDelay or PushSessionEnd.Inactive || _refusedFor is not null;
            if (isGraceful) await link.CloseAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_shutdown.IsCancellationRequested)
        {
            await link.CloseAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            await reading.CancelAsync().ConfigureAwait(false);
            await reader.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Leave(server, session, wasActive);
    }

    /// <summary>Does what is due and waits for more; false when the connection is to be ended.</summary>
    private async Task<bool> StepAsync(PushLink link, PushClientSession session, ChannelReader<byte[]> frames, CancellationToken cancellationToken)
    {
        TimeSpan now = Now;
        Follow(session, now);
        session.HandleTimeout(now);
        for (int i = 0; i < FramesLength && session.State != PushSessionState.Ended && frames.TryRead(out byte[]? frame); i++)
            session.HandleMessage(now, frame); // no other message is awaited on this connection
        TakeEvents(session);
        bool isTold = Tell();
        if (!await TrySendAsync(link, session, cancellationToken).ConfigureAwait(false)) return false;
        if (session.State == PushSessionState.Ended || _refusedFor is not null) return false;
        if (session.State == PushSessionState.Established && _unanswered.Count == 0)
        {
            _retries.Succeeded();
            Enter(PushPhase.Active, null);
        }

        if (frames.Completion.IsCompleted) return false;
        TimeSpan? due = session.NextTimeout;
        TimeSpan tellAgain = now + s_tellAgain;
        await WaitAsync(frames, isTold || due < tellAgain ? due : tellAgain, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private static async Task ReadAsync(PushLink link, ChannelWriter<byte[]> frames, CancellationToken cancellationToken)
    {
        try
        {
            while (await link.ReceiveAsync(cancellationToken).ConfigureAwait(false) is { } frame)
                await frames.WriteAsync(frame, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            frames.TryComplete();
        }
    }

    private async Task<bool> TrySendAsync(PushLink link, PushClientSession session, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(_options.ConnectTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            while (session.TryTakeOutput(out ReadOnlyMemory<byte> message)) await link.SendAsync(message, either.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Makes the session subscribe to what is wanted, and to nothing else.</summary>
    private void Follow(PushClientSession session, TimeSpan now)
    {
        DnsQuestion[] fresh, stale;
        lock (_gate)
        {
            stale = [.. _sets.Keys.Where(question => !_wanted.Contains(question))];
            fresh = [.. _wanted.Where(question => !session.Subscriptions.Contains(question))];
        }

        foreach (DnsQuestion question in stale)
        {
            _sets.Remove(question);
            _unanswered.Remove(question);
            session.Unsubscribe(now, question);
        }

        foreach (DnsQuestion question in fresh)
        {
            _sets.TryAdd(question, new PushSet(question));
            _unanswered.Add(question);
            session.Subscribe(now, question);
        }

        session.Mark(now);
    }

    private void TakeEvents(PushClientSession session)
    {
        var changed = new HashSet<PushSet>();
        while (session.TryTakeEvent(out PushEvent happened))
        {
            if (happened.Kind == PushEventKind.Ended) _retryAfter = happened.RetryAfter;
            if (happened.Question is not { } question || !_sets.TryGetValue(question, out PushSet? set)) continue;
            switch (happened.Kind)
            {
                case PushEventKind.Subscribed:
                    _unanswered.Remove(question);
                    break;
                case PushEventKind.Refused:
                    _refusedFor = happened.RetryAfter > _refusedFor ? happened.RetryAfter : _refusedFor ?? happened.RetryAfter;
                    _refusal = Refusal(question, happened.Rcode);
                    break;
                case PushEventKind.Complete:
                    set.Complete();
                    changed.Add(set);
                    break;
                default:
                    changed.Add(set);
                    break;
            }
        }

        foreach (PushSet set in changed) set.Take(session.RecordsOf(set.Question));
    }

    /// <summary>Passes on what changed; what does not fit is tried again soon, with what the set is then.</summary>
    private bool Tell()
    {
        bool all = true;
        foreach (PushSet set in _sets.Values.Where(static set => set.IsDirty))
        {
            set.IsDirty = !_changes.Writer.TryWrite(new RecordSetChange(set.Question, set.Records));
            all &= !set.IsDirty;
        }

        return all;
    }

    private void Leave(TlsEndPoint server, PushClientSession session, bool wasActive)
    {
        TimeSpan now = Now;
        if (_refusedFor is { } time)
        {
            _retries.Refused(now, server, time);
            Enter(PushPhase.Waiting, _refusal);
            return;
        }

        _retries.Ended(now, server, session.End, _retryAfter, wasActive);
        if (session.End is not PushSessionEnd.Inactive) Enter(PushPhase.Connecting, null);
    }

    private static BtmmException Refusal(DnsQuestion question, DnsRcode rcode) => new(
        rcode == DnsRcode.Refused ? BtmmErrorReason.Refused : rcode == DnsRcode.NotAuth ? BtmmErrorReason.OutOfZone : BtmmErrorReason.ServerFailure,
        $"The server accepts no subscription to {question} ({rcode}).",
        "Check that the account's key may read the name, or wait: other ways to learn of changes are used meanwhile.");
}
