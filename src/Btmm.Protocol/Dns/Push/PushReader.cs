using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns.Push;

/// <summary>
/// Walks through the change notifications of a PUSH message (RFC 8765 §6.3.1). Never throws. Notifications with a TTL that has
/// no meaning are passed over; anything else that is wrong makes the walk end with <see cref="IsFatal"/>.
/// </summary>
public ref struct PushReader
{
    private readonly ReadOnlySpan<byte> _message;
    private int _position;

    /// <summary>Starts a walk.</summary>
    /// <param name="message">The message.</param>
    /// <param name="push">Its primary TLV.</param>
    public PushReader(DsoMessageView message, DsoTlv push)
    {
        // Names may point back into the message, but nothing may reach beyond the TLV.
        _message = message.Message[..push.End];
        _position = push.Offset;
        IsFatal = push.Length == 0 || message.Message.Length > PushMessageWriter.MaxSize;
    }

    /// <summary>Whether the connection has to be aborted: the message is empty, too long or malformed.</summary>
    public bool IsFatal { get; private set; }

    /// <summary>Reads the next notification; false at the end, or when the message is fatal.</summary>
    /// <param name="change">The change.</param>
    public bool TryRead([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out PushChange? change)
    {
        change = null;
        while (!IsFatal && change is null && _position < _message.Length)
        {
            if (!TryReadOne(out change)) IsFatal = true;
        }

        return !IsFatal && change is not null;
    }

    // True with no change for one that is to be passed over.
    private bool TryReadOne(out PushChange? change)
    {
        change = null;
        if (!DnsName.TryRead(_message, _position, out DnsName? name, out int next)) return false;
        var fields = new WireReader(_message[next..]);
        if (!fields.TryReadUInt16(out ushort type) || !fields.TryReadUInt16(out ushort @class) || !fields.TryReadUInt32(out uint ttl)
            || !fields.TryReadUInt16(out ushort length) || length > fields.Remaining)
        {
            return false;
        }

        int data = next + fields.Position;
        _position = data + length;
        if (ttl == PushTtl.CollectivelyRemoved)
            return length == 0 && TryMakeCollective(name, (DnsType)type, (DnsClass)@class, out change);
        if (ttl is > PushTtl.MaxAdded and not PushTtl.Removed) return true;
        if ((DnsType)type == DnsType.ANY || (DnsClass)@class == DnsClass.ANY) return false;
        if (!DnsData.TryRead(_message, (DnsType)type, data, length, out DnsData? rdata)) return false;
        bool isRemoved = ttl == PushTtl.Removed;
        var record = new DnsRecord(name, (DnsType)type, (DnsClass)@class, isRemoved ? 0 : ttl, rdata);
        change = isRemoved ? PushChange.Remove(record) : PushChange.Add(record);
        return true;
    }

    private static bool TryMakeCollective(DnsName name, DnsType type, DnsClass @class, out PushChange? change)
    {
        change = (type, @class) switch
        {
            (_, DnsClass.ANY) => PushChange.RemoveName(name), // whatever the type says
            (DnsType.ANY, _) => PushChange.RemoveClass(name, @class),
            _ => PushChange.RemoveSet(name, type, @class),
        };
        return true;
    }
}
