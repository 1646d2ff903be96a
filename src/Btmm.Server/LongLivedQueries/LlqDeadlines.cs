using System.Diagnostics.CodeAnalysis;

namespace Btmm.Server.LongLivedQueries;

/// <summary>
/// The sessions by what is due first: a binary heap in which every session knows its place, so that a deadline moves or goes in
/// O(log n) and leaves nothing behind. Not thread-safe.
/// </summary>
internal sealed class LlqDeadlines
{
    private const int MinCapacity = 64;

    private LlqSession[] _heap = new LlqSession[MinCapacity];

    internal int Count { get; private set; }

    /// <summary>The earliest deadline; null when there is none.</summary>
    internal TimeSpan? Next => Count > 0 ? _heap[0].Deadline : null;

    internal bool TryPeek([NotNullWhen(true)] out LlqSession? session)
    {
        session = Count > 0 ? _heap[0] : null;
        return session is not null;
    }

    /// <summary>Puts a session in its place by its next deadline.</summary>
    internal void Set(LlqSession session)
    {
        session.Deadline = session.NextDeadline;
        if (session.Place < 0)
        {
            if (Count == _heap.Length)
                Array.Resize(ref _heap, 2 * Count);
            Put(session, Count++);
        }

        Sift(session);
    }

    internal void Remove(LlqSession session)
    {
        int place = session.Place;
        if (place < 0)
            return;
        session.Place = -1;
        LlqSession last = _heap[--Count];
        _heap[Count] = null!; // beyond the count nothing is read
        if (place < Count)
        {
            Put(last, place);
            Sift(last);
        }

        if (Count < _heap.Length / 4 && _heap.Length > MinCapacity)
            Array.Resize(ref _heap, _heap.Length / 2);
    }

    private void Sift(LlqSession session)
    {
        int place = session.Place;
        while (place > 0 && session.Deadline < _heap[(place - 1) / 2].Deadline)
        {
            Put(_heap[(place - 1) / 2], place);
            place = (place - 1) / 2;
        }

        while (true)
        {
            int child = (2 * place) + 1;
            if (child + 1 < Count && _heap[child + 1].Deadline < _heap[child].Deadline)
                child++;
            if (child >= Count || _heap[child].Deadline >= session.Deadline)
                break;
            Put(_heap[child], place);
            place = child;
        }

        Put(session, place);
    }

    private void Put(LlqSession session, int place)
    {
        _heap[place] = session;
        session.Place = place;
    }
}
