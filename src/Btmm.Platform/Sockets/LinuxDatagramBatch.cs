using Btmm.Core.Contracts;
using Btmm.Platform.Linux;

namespace Btmm.Platform.Sockets;

/// <summary>
/// A batch with the structures that the kernel reads and writes. They point to each other and to the buffers, which stay valid
/// because all the arrays are pinned.
/// </summary>
internal sealed unsafe class LinuxDatagramBatch : DatagramBatch
{
    internal const int MaxDatagrams = 64;

    /// <summary>Bytes for a socket address (struct sockaddr_in6 has 28).</summary>
    internal const int NameStride = 32;

    /// <summary>Bytes for control messages: packet information takes 40.</summary>
    internal const int ControlStride = 64;

    internal readonly DatagramNative.MessageHeader[] In = GC.AllocateArray<DatagramNative.MessageHeader>(MaxDatagrams, pinned: true);
    internal readonly DatagramNative.MessageHeader[] Out = GC.AllocateArray<DatagramNative.MessageHeader>(MaxDatagrams, pinned: true);
    private readonly FileNative.IoVector[] _inVectors = GC.AllocateArray<FileNative.IoVector>(MaxDatagrams, pinned: true);
    private readonly FileNative.IoVector[] _outVectors = GC.AllocateArray<FileNative.IoVector>(MaxDatagrams, pinned: true);
    private readonly byte[] _names = GC.AllocateArray<byte>(MaxDatagrams * NameStride, pinned: true);
    private readonly byte[] _controls = GC.AllocateArray<byte>(MaxDatagrams * ControlStride, pinned: true);

    internal LinuxDatagramBatch(int maxRequest, int maxAnswer)
        : base(MaxDatagrams, maxRequest, maxAnswer)
    {
        fixed (DatagramNative.MessageHeader* incoming = In, outgoing = Out)
        fixed (FileNative.IoVector* inVectors = _inVectors, outVectors = _outVectors)
        fixed (byte* requests = Requests, answers = Answers, names = _names, controls = _controls)
        {
            for (int i = 0; i < MaxDatagrams; i++)
            {
                inVectors[i] = new FileNative.IoVector { Base = requests + RequestOffset(i), Length = maxRequest };
                incoming[i] = Header(names + (i * NameStride), inVectors + i, controls + (i * ControlStride));
                outgoing[i] = Header(names + (i * NameStride), outVectors + i, controls + (i * ControlStride));
            }
        }
    }

    internal Span<byte> Name(int index) => _names.AsSpan(index * NameStride, NameStride);

    internal Span<byte> Control(int index) => _controls.AsSpan(index * ControlStride, ControlStride);

    /// <summary>Makes outgoing message <paramref name="message"/> carry the answer of a slot.</summary>
    internal void SetAnswer(int message, int slot)
    {
        fixed (byte* answers = Answers)
            _outVectors[message] = new FileNative.IoVector { Base = answers + AnswerOffset(slot), Length = this[slot].AnswerLength };
    }

    private static DatagramNative.MessageHeader Header(byte* name, FileNative.IoVector* vector, byte* control) =>
        new() { Name = name, Vectors = vector, VectorCount = 1, Control = control };
}
