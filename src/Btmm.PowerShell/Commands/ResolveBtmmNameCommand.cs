using System.Management.Automation;
using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.PowerShell.Commands;

/// <summary>Resolve-BtmmName: resolves a domain name.</summary>
[Cmdlet(VerbsDiagnostic.Resolve, "BtmmName")]
[OutputType(typeof(BtmmRecord))]
public sealed class ResolveBtmmNameCommand : BtmmCmdlet
{
    /// <summary>The full names.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName")]
    public DnsName[] Name { get; set; } = [];

    /// <summary>The types; AAAA unless given.</summary>
    [Parameter(Position = 1)]
    [ValidateSet("A", "AAAA", "SRV", "TXT", "PTR", "CNAME", "NS", "SOA", "KEY")]
    public DnsType[] Type { get; set; } = [DnsType.AAAA];

    /// <summary>The server to ask.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public HostPort[]? Server { get; set; }

    /// <summary>Asks over TCP at once.</summary>
    [Parameter]
    public SwitchParameter TcpOnly { get; set; }

    /// <summary>The account whose key signs and whose servers are asked.</summary>
    [Parameter]
    [ValidateNotNull]
    public BtmmAccount? Account { get; set; }

    /// <summary>The key that signs the query.</summary>
    [Parameter]
    [ValidateNotNull]
    public TsigKey? TsigKey { get; set; }

    /// <summary>How long to wait for answers.</summary>
    [Parameter]
    [Duration(IsWait = true)]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (DnsName name in Name)
            foreach (DnsType type in Type) ForItem(name, () => Resolve(new DnsQuestion(Complete(name), type)));
    }

    // A lone label is a host of the account, when there is one.
    private DnsName Complete(DnsName name) =>
        Account is not null && name.LabelCount == 1 ? Account.Domain.PrependLabels(name.ToString()) : name;

    private void Resolve(DnsQuestion question)
    {
        DnsReply reply = AwaitWithin(Timeout, token => AskAsync(question, token));
        WriteVerbose($"{reply.Server} answered {question}: {reply.Message.Rcode}, {reply.Message.Answers.Count} records.");
        if (reply.Message.Rcode == DnsRcode.NXDomain)
            throw new BtmmException(BtmmErrorReason.NameNotFound, $"There is no name {question.Name}.", "Check the spelling, and that the host has published its records.");
        foreach (DnsRecord record in reply.Message.Answers) WriteObject(new BtmmRecord(record));
    }

    private async Task<DnsReply> AskAsync(DnsQuestion question, CancellationToken cancellationToken)
    {
        DnsTransport transport = TcpOnly ? DnsTransport.Tcp : DnsTransport.Auto;
        TsigKey? key = TsigKey ?? Account?.UpdateKey;
        if (Server is null && Account is not null)
        {
            using var zone = new ZoneAccess(Account.Domain, key, Account.Servers, Account.Authority);
            return await zone.QueryAsync(question, transport, cancellationToken).ConfigureAwait(false);
        }
        List<IPEndPoint> servers = [];
        foreach (HostPort server in Server ?? [])
            servers.AddRange(await server.ResolveAsync(Engine.DnsPort, cancellationToken).ConfigureAwait(false));
        if (Server is null) servers.AddRange(Engine.Resolvers.GetNameServers());
        using DnsClient client = Engine.CreateDnsClient();
        return await client.QueryAsync(question, servers, key, transport, cancellationToken).ConfigureAwait(false);
    }
}
