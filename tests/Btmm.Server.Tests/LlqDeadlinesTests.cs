using Btmm.Protocol.Dns;
using Btmm.Server.LongLivedQueries;

namespace Btmm.Server.Tests;

public sealed class LlqDeadlinesTests
{
    private const int Seed = 8764;

    [Fact]
    public void Next_AfterManyChanges_IsTheEarliestAndNothingIsLeftBehind()
    {
        var random = new Random(Seed);
        var deadlines = new LlqDeadlines();
        var all = new List<LlqSession>();
        for (int step = 0; step < 20_000; step++)
        {
            switch (random.Next(3))
            {
                case 0 or 1 when all.Count < 500:
                    all.Add(NewSession(random));
                    deadlines.Set(all[^1]);
                    break;
                case 1 when all.Count > 0:
                    LlqSession moved = all[random.Next(all.Count)];
                    moved.EventDue = TimeSpan.FromSeconds(random.Next(1000));
                    deadlines.Set(moved);
                    break;
                case 2 when all.Count > 0:
                    int at = random.Next(all.Count);
                    deadlines.Remove(all[at]);
                    deadlines.Remove(all[at]);
                    all.RemoveAt(at);
                    break;
            }

            Assert.Equal(all.Count, deadlines.Count);
            Assert.Equal(all.Count == 0 ? null : all.Min(session => session.NextDeadline), deadlines.Next);
        }

        TimeSpan last = TimeSpan.Zero;
        while (deadlines.TryPeek(out LlqSession? session))
        {
            Assert.True(session.Deadline >= last);
            last = session.Deadline;
            deadlines.Remove(session);
        }

        Assert.Null(deadlines.Next);
    }

    private static LlqSession NewSession(Random random) => new()
    {
        Client = default,
        Id = (ulong)random.NextInt64(),
        Question = new LlqQuestion(new DnsQuestion(DnsName.Root, DnsType.A), null!),
        Key = null,
        LeaseEnd = TimeSpan.FromSeconds(random.Next(1000)),
    };
}
