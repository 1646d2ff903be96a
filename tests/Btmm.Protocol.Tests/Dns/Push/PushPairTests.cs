using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;

namespace Btmm.Protocol.Tests.Dns.Push;

/// <summary>Both ends of a session over a stream with delay, on virtual time: after any history both know the same.</summary>
public sealed class PushPairTests
{
    private static readonly DnsName[] s_names = [.. Enumerable.Range(0, 4).Select(i => DnsName.Parse($"n{i}.test"))];
    private static readonly DnsQuestion[] s_questions = [.. s_names.SelectMany(name => new[] { DnsType.A, DnsType.AAAA, DnsType.ANY }.Select(type => new DnsQuestion(name, type)))];

    [Fact]
    public void Pair_AfterRandomHistories_KnowsTheSame()
    {
        for (int seed = 1; seed <= 100; seed++) Run(new Random(seed), seed);
    }

    [Fact]
    [Trait("rfc", "8490§6.5.1")]
    public void Pair_LeftAloneForADay_StaysEstablishedWithFewMessages()
    {
        var pair = new Pair(new Random(1));
        pair.Client.Subscribe(pair.Now, s_questions[0]);
        for (int i = 0; i < 24 * 60 * 60; i++) pair.Step(TimeSpan.FromSeconds(1));
        Assert.Equal(PushSessionState.Established, pair.Client.State);
        Assert.False(pair.IsAborted);
        Assert.InRange(pair.Messages, 24 * 2, 24 * 3 + 10);
    }

    private static void Run(Random random, int seed)
    {
        var pair = new Pair(random);
        for (int i = 0; i < 3000; i++)
        {
            DnsQuestion question = s_questions[random.Next(s_questions.Length)];
            if (i < 2500 && random.Next(20) == 0) pair.Client.Subscribe(pair.Now, question);
            if (i < 2500 && random.Next(30) == 0) pair.Client.Unsubscribe(pair.Now, question);
            if (i < 2500 && random.Next(5) == 0) pair.Change(Record(random));
            if (random.Next(10) == 0) pair.Client.Mark(pair.Now);
            pair.Step(TimeSpan.FromMilliseconds(10));
        }

        Assert.False(pair.IsAborted, $"seed {seed}");
        Assert.Equal(PushSessionState.Established, pair.Client.State);
        foreach (DnsQuestion question in pair.Client.Subscriptions)
            Assert.True(pair.Server.AnswersTo(question).ToHashSet().SetEquals(pair.Client.RecordsOf(question)), $"seed {seed}: {question}");
    }

    private static DnsRecord Record(Random random)
    {
        DnsName name = s_names[random.Next(s_names.Length)];
        int number = random.Next(3);
        return random.Next(2) == 0
            ? new DnsRecord(name, 1, new AData(new IPAddress([192, 0, 2, (byte)number])))
            : new DnsRecord(name, 1, new AaaaData(new IPAddress(new byte[15].Append((byte)number).ToArray())));
    }

    /// <summary>A client, a small server, and what flies between them in order.</summary>
    private sealed class Pair
    {
        private readonly Queue<(TimeSpan At, byte[] Message)> _up = new();
        private readonly Queue<(TimeSpan At, byte[] Message)> _down = new();
        private readonly Random _random;

        internal Pair(Random random)
        {
            _random = random;
            Client.Start(Now);
        }

        internal TimeSpan Now { get; private set; }

        internal PushClientSession Client { get; } = new(DsoTimeouts.From(TimeSpan.FromSeconds(15), TimeSpan.FromHours(1)));

        internal ModelServer Server { get; } = new();

        internal bool IsAborted { get; private set; }

        internal int Messages { get; private set; }

        internal void Change(DnsRecord record)
        {
            if (!Server.Zone.Remove(record)) Server.Zone.Add(record);
            Server.Tell();
        }

        internal void Step(TimeSpan time)
        {
            Now += time;
            Client.HandleTimeout(Now);
            while (Client.TryTakeOutput(out ReadOnlyMemory<byte> message)) Fly(_up, message.ToArray());
            for (; _up.TryPeek(out var flight) && flight.At <= Now; _up.Dequeue()) IsAborted |= !Server.Handle(Now, flight.Message);
            while (Server.Outputs.TryDequeue(out byte[]? message)) Fly(_down, message);
            for (; _down.TryPeek(out var flight) && flight.At <= Now; _down.Dequeue()) Client.HandleMessage(Now, flight.Message);
            while (Client.TryTakeEvent(out _)) { }
            IsAborted |= Server.Session.Deadline <= Now;
        }

        private void Fly(Queue<(TimeSpan At, byte[] Message)> queue, byte[] message)
        {
            Messages++;
            TimeSpan at = Now + TimeSpan.FromMilliseconds(_random.Next(100));
            queue.Enqueue((queue.Count > 0 && queue.Last().At > at ? queue.Last().At : at, message));
        }
    }

    private sealed class ModelServer
    {
        private readonly Dictionary<DnsQuestion, HashSet<DnsRecord>> _told = [];

        internal PushServerSession Session { get; } = new(TimeSpan.Zero);

        internal HashSet<DnsRecord> Zone { get; } = [];

        internal Queue<byte[]> Outputs { get; } = new();

        internal IEnumerable<DnsRecord> AnswersTo(DnsQuestion question) =>
            Zone.Where(record => record.Name == question.Name && (question.Type == DnsType.ANY || record.Type == question.Type));

        internal bool Handle(TimeSpan now, byte[] message)
        {
            PushRequest request = Session.HandleMessage(now, message);
            switch (request.Kind)
            {
                case PushRequestKind.Keepalive:
                    Session.Establish();
                    Session.SetTimeouts(now, request.Wanted);
                    Outputs.Enqueue(DsoMessages.Keepalive(request.Id, request.Wanted, isResponse: true));
                    break;
                case PushRequestKind.Subscribe:
                    Session.Establish();
                    Outputs.Enqueue(DsoMessages.Response(request.Id, DnsRcode.NoError));
                    _told.Add(request.Question!, []);
                    Tell();
                    break;
                case PushRequestKind.Unsubscribe:
                    _told.Remove(request.Question!);
                    break;
            }

            return request.Kind is not (PushRequestKind.Abort or PushRequestKind.Reject);
        }

        internal void Tell()
        {
            var changes = new HashSet<PushChange>();
            foreach ((DnsQuestion question, HashSet<DnsRecord> told) in _told)
            {
                HashSet<DnsRecord> present = [.. AnswersTo(question)];
                changes.UnionWith(told.Except(present).Select(PushChange.Remove));
                changes.UnionWith(present.Except(told).Select(PushChange.Add));
                told.Clear();
                told.UnionWith(present);
            }

            if (changes.Count > 0) Outputs.Enqueue(PushMessageTests.Write([.. changes]));
        }
    }
}
