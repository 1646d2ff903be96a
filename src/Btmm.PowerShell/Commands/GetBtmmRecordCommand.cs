using System.Management.Automation;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.Peers;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;
using Btmm.Protocol.Dns;

namespace Btmm.PowerShell.Commands;

/// <summary>Get-BtmmRecord: reads records of a zone from its own server.</summary>
[Cmdlet(VerbsCommon.Get, "BtmmRecord")]
[OutputType(typeof(BtmmRecord))]
public sealed class GetBtmmRecordCommand : ZoneCmdlet
{
    private static readonly DnsType[] s_types = [DnsType.A, DnsType.AAAA, DnsType.SRV, DnsType.TXT, DnsType.PTR];

    /// <summary>The names, relative to the zone; @ is the zone itself. Without, all hosts of the account's list.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>The types; A, AAAA, SRV, TXT and PTR unless given.</summary>
    [Parameter(Position = 1)]
    [ValidateSet("A", "AAAA", "SRV", "TXT", "PTR", "CNAME", "NS", "SOA", "KEY")]
    public DnsType[] Type { get; set; } = s_types;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Name.Length == 0) ForItem(Zone, ReadAll);
        foreach (string name in Name) ForItem(name, () => Read(name));
    }

    private void ReadAll()
    {
        using ZoneAccess zone = GetAccess();
        IReadOnlyList<DnsRecord> records = AwaitAnswer(token => ZoneReader.ReadAllAsync(zone, new PeerDirectory(zone.Domain, zone.Domain), token));
        foreach (DnsRecord record in records)
            if (Type.Contains(record.Type)) WriteObject(zone.Describe(record));
    }

    private void Read(string text)
    {
        using ZoneAccess zone = GetAccess();
        DnsName name = zone.Absolute(text);
        DnsReply[] answers = AwaitAnswer(token =>
            Task.WhenAll(Type.Select(t => zone.QueryAsync(new DnsQuestion(name, t), DnsTransport.Auto, token))));
        if (answers.All(a => a.Message.Rcode == DnsRcode.NXDomain))
            throw new BtmmException(BtmmErrorReason.NameNotFound, $"There is no name {name}.", "Check the spelling, and that the host has published its records.");
        foreach (DnsRecord record in answers.SelectMany(a => a.Message.Answers)) WriteObject(zone.Describe(record));
    }
}
