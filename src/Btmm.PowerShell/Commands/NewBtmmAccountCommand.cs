using System.Management.Automation;
using System.Security.Cryptography;
using Btmm.Core.Contracts;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Infrastructure;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.PowerShell.Commands;

/// <summary>New-BtmmAccount: makes an account with new keys.</summary>
[Cmdlet(VerbsCommon.New, "BtmmAccount")]
[OutputType(typeof(BtmmAccount))]
public sealed class NewBtmmAccountCommand : BtmmCmdlet
{
    /// <summary>The account's domain.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public DnsName[] Domain { get; set; } = [];

    /// <summary>The zone's servers, when SRV records do not name them.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public HostPort[] Server { get; set; } = [];

    /// <summary>Whether TLS is used with the servers.</summary>
    [Parameter]
    public TlsUse Tls { get; set; }

    /// <summary>The servers' TLS port, when their zone does not tell it.</summary>
    [Parameter]
    [ValidateRange(1, 65535)]
    public int? TlsPort { get; set; }

    /// <summary>The servers' certificates are from public authorities, not from the account's own.</summary>
    [Parameter]
    public SwitchParameter PublicCertificate { get; set; }

    /// <summary>The key of a zone that exists.</summary>
    [Parameter]
    [ValidateNotNull]
    public TsigKey? TsigKey { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (DnsName domain in Domain) ForItem(domain, () => WriteObject(Create(domain)));
    }

    private BtmmAccount Create(DnsName domain)
    {
        IReadOnlyList<ZoneServer> servers =
            [.. Server.Select(s => s.ToZoneServer() with { Tls = Tls, TlsPort = TlsPort, HasPublicCertificate = PublicCertificate })];
        if (TsigKey is null) return BtmmAccount.Create(domain, SystemRandomSource.Instance, servers);
        byte[] preSharedKey = RandomNumberGenerator.GetBytes(BtmmAccount.KeyLength);
        try
        {
            return new BtmmAccount(domain, TsigKey, preSharedKey, servers, AccountAuthority.Create());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(preSharedKey);
        }
    }
}
