using System.Diagnostics.CodeAnalysis;

namespace Btmm.Core.Contracts;

/// <summary>
/// Datagrams received together and the answers to them, in two pinned buffers. Not thread-safe; allocates nothing after
/// construction.
/// </summary>
public class DatagramBatch
{
    // Requests that begin at the same place of different pages would push each other out of the processor's cache.
    private const int Stagger = 192;

    private readonly DatagramSlot[] _slots;
    private readonly int _requestStride;
    private readonly int _answerStride;
    private readonly int _maxAnswer;

    /// <summary>Makes an empty batch.</summary>
    /// <param name="capacity">The most datagrams.</param>
    /// <param name="maxRequest">Bytes of the longest request.</param>
    /// <param name="maxAnswer">Bytes of the longest answer.</param>
    public DatagramBatch(int capacity, int maxRequest, int maxAnswer)
    {
        MaxRequest = maxRequest;
        _maxAnswer = maxAnswer;
        _requestStride = maxRequest + Stagger;
        _answerStride = maxAnswer + Stagger;
        _slots = new DatagramSlot[capacity];
        Requests = GC.AllocateUninitializedArray<byte>(capacity * _requestStride, pinned: true);
        Answers = GC.AllocateUninitializedArray<byte>(capacity * _answerStride, pinned: true);
    }

    /// <summary>The most datagrams.</summary>
    public int Capacity => _slots.Length;

    /// <summary>Bytes of the longest request.</summary>
    public int MaxRequest { get; }

    /// <summary>How many datagrams there are.</summary>
    public int Count { get; set; }

    /// <summary>The pinned buffer of the requests, for sockets.</summary>
    [SuppressMessage("Performance", "CA1819", Justification = "A buffer.")]
    public byte[] Requests { get; }

    /// <summary>The pinned buffer of the answers, for sockets.</summary>
    [SuppressMessage("Performance", "CA1819", Justification = "A buffer.")]
    public byte[] Answers { get; }

    /// <summary>Datagram <paramref name="index"/>, by reference.</summary>
    public ref DatagramSlot this[int index] => ref _slots[index];

    /// <summary>The bytes of a request.</summary>
    public ReadOnlySpan<byte> Request(int index) => Requests.AsSpan(RequestOffset(index), _slots[index].RequestLength);

    /// <summary>All the room for an answer; set its length in the slot.</summary>
    public Span<byte> Answer(int index) => Answers.AsSpan(AnswerOffset(index), _maxAnswer);

    /// <summary>Where a request begins in <see cref="Requests"/>.</summary>
    public int RequestOffset(int index) => index * _requestStride;

    /// <summary>Where an answer begins in <see cref="Answers"/>.</summary>
    public int AnswerOffset(int index) => index * _answerStride;

    /// <summary>Takes a slot for a datagram that answers none of this batch; false when all are taken.</summary>
    /// <param name="remote">To whom.</param>
    /// <param name="local">From which address of ours.</param>
    /// <param name="index">The slot; write into its answer and set the length.</param>
    public bool TryAdd(in PeerAddress remote, in PeerAddress local, out int index)
    {
        index = Count;
        if (index == _slots.Length) return false;
        _slots[index] = new DatagramSlot { Remote = remote, Local = local };
        Count++;
        return true;
    }
}
