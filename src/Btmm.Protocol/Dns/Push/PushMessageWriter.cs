using Btmm.Protocol.Dns.Dso;

namespace Btmm.Protocol.Dns.Push;

/// <summary>Packs change notifications into a PUSH message (RFC 8765 §6.3.1), with compressed names. Never throws.</summary>
public ref struct PushMessageWriter
{
    /// <summary>The longest PUSH message, bytes from the header on.</summary>
    public const int MaxSize = 16_382;

    private DsoMessageWriter _writer;

    /// <summary>Starts a message.</summary>
    /// <param name="buffer">Where to write; at most <see cref="MaxSize"/> bytes are used.</param>
    public PushMessageWriter(Span<byte> buffer)
    {
        _writer = new DsoMessageWriter(buffer.Length > MaxSize ? buffer[..MaxSize] : buffer);
        IsEmpty = true;
        CanHold = _writer.TryBegin(DsoType.Push);
    }

    /// <summary>Whether the buffer was large enough to begin.</summary>
    public bool CanHold { get; }

    /// <summary>Whether nothing has been written; such a message must not be sent.</summary>
    public bool IsEmpty { get; private set; }

    /// <summary>Adds a notification; false when there is no room for it.</summary>
    /// <param name="change">The change.</param>
    public bool TryWrite(PushChange change)
    {
        bool done = CanHold && change switch
        {
            { Kind: PushChangeKind.Add, Record: { } record } => _writer.Data.TryWriteRecord(record with { Ttl = Math.Min(record.Ttl, PushTtl.MaxAdded) }),
            { Kind: PushChangeKind.Remove, Record: { } record } => _writer.Data.TryWriteRecord(record with { Ttl = PushTtl.Removed }),
            _ => TryWriteCollective(change),
        };
        IsEmpty &= !done;
        return done;
    }

    /// <summary>Fills in lengths and header; returns the length of the message, 0 when it is empty.</summary>
    public readonly int Finish()
    {
        if (IsEmpty) return 0;
        _writer.End();
        return _writer.Finish(id: 0);
    }

    private bool TryWriteCollective(PushChange change)
    {
        DnsType type = change.Kind == PushChangeKind.RemoveName ? DnsType.None : change.Type;
        return _writer.Data.TryWriteRecord(change.Name.Wire, type, change.Class, PushTtl.CollectivelyRemoved, data: []);
    }
}
