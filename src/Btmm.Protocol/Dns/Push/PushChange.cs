namespace Btmm.Protocol.Dns.Push;

/// <summary>One change notification of a PUSH message. Immutable.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Name">The owner.</param>
/// <param name="Type">The type; ANY for a whole class or name.</param>
/// <param name="Class">The class; ANY for a whole name.</param>
/// <param name="Record">The record added or removed; null when it is a whole set.</param>
public sealed record PushChange(PushChangeKind Kind, DnsName Name, DnsType Type, DnsClass Class, DnsRecord? Record)
{
    /// <summary>A record is there.</summary>
    /// <param name="record">The record.</param>
    public static PushChange Add(DnsRecord record) => new(PushChangeKind.Add, record.Name, record.Type, record.Class, record);

    /// <summary>A record is gone.</summary>
    /// <param name="record">The record.</param>
    public static PushChange Remove(DnsRecord record) => new(PushChangeKind.Remove, record.Name, record.Type, record.Class, record);

    /// <summary>All records of a type are gone from the name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="type">The type.</param>
    /// <param name="class">The class.</param>
    public static PushChange RemoveSet(DnsName name, DnsType type, DnsClass @class) => new(PushChangeKind.RemoveSet, name, type, @class, null);

    /// <summary>All records of a class are gone from the name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="class">The class.</param>
    public static PushChange RemoveClass(DnsName name, DnsClass @class) => new(PushChangeKind.RemoveClass, name, DnsType.ANY, @class, null);

    /// <summary>All records are gone from the name.</summary>
    /// <param name="name">The name.</param>
    public static PushChange RemoveName(DnsName name) => new(PushChangeKind.RemoveName, name, DnsType.ANY, DnsClass.ANY, null);

    /// <summary>Whether the change takes a record away.</summary>
    /// <param name="record">The record.</param>
    public bool Removes(DnsRecord record) => record.Name == Name && Kind switch
    {
        PushChangeKind.Remove => Record!.IsSameAs(record), // a removal of one record has it
        PushChangeKind.RemoveSet => record.Type == Type && record.Class == Class,
        PushChangeKind.RemoveClass => record.Class == Class,
        PushChangeKind.RemoveName => true,
        _ => false,
    };
}
