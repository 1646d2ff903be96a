using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;

namespace Btmm.Protocol.Dns.Update;

/// <summary>Puts an UPDATE message together (RFC 2136 §2). Not thread-safe. Methods return the builder itself.</summary>
public sealed class DnsUpdateBuilder
{
    private readonly DnsQuestion _zone;
    private readonly List<DnsRecord> _prerequisites = [];
    private readonly List<DnsRecord> _updates = [];

    /// <summary>Begins an update.</summary>
    /// <param name="zone">The zone's apex.</param>
    /// <param name="class">The zone's class.</param>
    public DnsUpdateBuilder(DnsName zone, DnsClass @class = DnsClass.IN) => _zone = new DnsQuestion(zone, DnsType.SOA, @class);

    /// <summary>The zone's apex.</summary>
    public DnsName Zone => _zone.Name;

    /// <summary>The prerequisites so far.</summary>
    public IReadOnlyList<DnsRecord> Prerequisites => _prerequisites;

    /// <summary>The updates so far.</summary>
    public IReadOnlyList<DnsRecord> Updates => _updates;

    /// <summary>Requires that the name has records (§2.4.4); else NXDOMAIN.</summary>
    /// <param name="name">The name.</param>
    public DnsUpdateBuilder RequireNameInUse(DnsName name) => Require(new DnsRecord(name, DnsType.ANY, DnsClass.ANY, 0, EmptyData.Instance));

    /// <summary>Requires that the name has no records (§2.4.5); else YXDOMAIN.</summary>
    /// <param name="name">The name.</param>
    public DnsUpdateBuilder RequireNameNotInUse(DnsName name) => Require(new DnsRecord(name, DnsType.ANY, DnsClass.NONE, 0, EmptyData.Instance));

    /// <summary>Requires that the RRset exists, whatever is in it (§2.4.1); else NXRRSET.</summary>
    /// <param name="name">The name.</param>
    /// <param name="type">The type.</param>
    public DnsUpdateBuilder RequireRRSet(DnsName name, DnsType type) => Require(new DnsRecord(name, type, DnsClass.ANY, 0, EmptyData.Instance));

    /// <summary>Requires that the RRset does not exist (§2.4.3); else YXRRSET.</summary>
    /// <param name="name">The name.</param>
    /// <param name="type">The type.</param>
    public DnsUpdateBuilder RequireNoRRSet(DnsName name, DnsType type) => Require(new DnsRecord(name, type, DnsClass.NONE, 0, EmptyData.Instance));

    /// <summary>Requires that the RRset consists of exactly these records (§2.4.2); else NXRRSET.</summary>
    /// <param name="name">The name.</param>
    /// <param name="data">The data of each record, all of one type.</param>
    public DnsUpdateBuilder RequireExactRRSet(DnsName name, params IEnumerable<DnsData> data)
    {
        foreach (DnsData item in data) Require(new DnsRecord(name, item.Type, _zone.Class, 0, item));
        return this;
    }

    /// <summary>Adds a record to its RRset (§2.5.1).</summary>
    /// <param name="name">The owner.</param>
    /// <param name="ttl">Time to live in seconds.</param>
    /// <param name="data">The data.</param>
    public DnsUpdateBuilder Add(DnsName name, uint ttl, DnsData data) => Change(new DnsRecord(name, data.Type, _zone.Class, ttl, data));

    /// <summary>Deletes one record (§2.5.4).</summary>
    /// <param name="name">The owner.</param>
    /// <param name="data">The data.</param>
    public DnsUpdateBuilder Delete(DnsName name, DnsData data) => Change(new DnsRecord(name, data.Type, DnsClass.NONE, 0, data));

    /// <summary>Deletes an RRset (§2.5.2).</summary>
    /// <param name="name">The owner.</param>
    /// <param name="type">The type.</param>
    public DnsUpdateBuilder DeleteRRSet(DnsName name, DnsType type) => Change(new DnsRecord(name, type, DnsClass.ANY, 0, EmptyData.Instance));

    /// <summary>Deletes all RRsets of a name (§2.5.3).</summary>
    /// <param name="name">The name.</param>
    public DnsUpdateBuilder DeleteName(DnsName name) => Change(new DnsRecord(name, DnsType.ANY, DnsClass.ANY, 0, EmptyData.Instance));

    /// <summary>Makes an RRset consist of exactly these records: deletes it and adds them, so that a repetition changes nothing.</summary>
    /// <param name="name">The owner.</param>
    /// <param name="ttl">Time to live in seconds.</param>
    /// <param name="data">The data of each record, all of one type.</param>
    public DnsUpdateBuilder Replace(DnsName name, uint ttl, params IReadOnlyList<DnsData> data)
    {
        if (data.Count > 0) DeleteRRSet(name, data[0].Type);
        foreach (DnsData item in data) Add(name, ttl, item);
        return this;
    }

    /// <summary>Appends entries that are encoded already.</summary>
    /// <param name="updates">Entries of the update section.</param>
    public DnsUpdateBuilder AddRange(IEnumerable<DnsRecord> updates)
    {
        _updates.AddRange(updates);
        return this;
    }

    /// <summary>Makes the message.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="lease">The lease to ask for, or null for none (RFC 9664).</param>
    public DnsMessage Build(ushort id, UpdateLeaseOption? lease = null) => new()
    {
        Id = id,
        Opcode = DnsOpcode.Update,
        Questions = [_zone],
        Answers = [.. _prerequisites],
        Authority = [.. _updates],
        Additional = lease is null ? [] : [new EdnsInfo(lease).ToRecord()],
    };

    private DnsUpdateBuilder Require(DnsRecord prerequisite)
    {
        _prerequisites.Add(prerequisite);
        return this;
    }

    private DnsUpdateBuilder Change(DnsRecord update)
    {
        _updates.Add(update);
        return this;
    }
}
