using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.PowerShell.Output;

/// <summary>A DNS record, as it was published or answered.</summary>
public sealed class BtmmRecord
{
    internal BtmmRecord(DnsRecord record)
    {
        Record = record;
        Name = record.Name.ToString();
        Type = record.Type;
        TimeToLive = TimeSpan.FromSeconds(record.Ttl);
        Data = record.Data.ToString() ?? string.Empty;
    }

    /// <summary>The record's full name, without the final dot.</summary>
    public string Name { get; }

    /// <summary>The record's type.</summary>
    public DnsType Type { get; }

    /// <summary>How long a resolver may keep it.</summary>
    public TimeSpan TimeToLive { get; }

    /// <summary>The data in the text form of zone files.</summary>
    public string Data { get; }

    /// <summary>The zone in which it was published, when this session knows it.</summary>
    public string? Zone { get; init; }

    /// <summary>How long the zone service keeps the record unless it is renewed; null when it keeps it for good or did not tell.</summary>
    public TimeSpan? LeaseTime { get; init; }

    /// <summary>When the lease ends.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The address of an A or AAAA record.</summary>
    public IPAddress? Address => Record.Data switch
    {
        AData a => a.Address,
        AaaaData a => a.Address,
        _ => null,
    };

    /// <summary>The port of an SRV record.</summary>
    public int? Port => (Record.Data as SrvData)?.Port;

    /// <summary>The target of an SRV, PTR or CNAME record.</summary>
    public string? Target => Record.Data switch
    {
        SrvData s => s.Target.ToString(),
        PtrData p => p.Target.ToString(),
        CnameData c => c.Target.ToString(),
        _ => null,
    };

    /// <summary>The strings of a TXT record.</summary>
    public IReadOnlyList<string>? Text => (Record.Data as TxtData)?.Strings;

    internal DnsRecord Record { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Type} {Data}";
}
