using System.Management.Automation;
using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Infrastructure;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.PowerShell.Commands;

/// <summary>The base of the cmdlets that work on a zone: which zone, with which key, at which server.</summary>
public abstract class ZoneCmdlet : BtmmCmdlet
{
    /// <summary>The account whose domain is the zone, with its key and servers.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public BtmmAccount? Account { get; set; }

    /// <summary>The zone, when it is not the account's domain.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public DnsName? Zone { get; set; }

    /// <summary>The key, when it is not the account's.</summary>
    [Parameter]
    [ValidateNotNull]
    public TsigKey? TsigKey { get; set; }

    /// <summary>The servers, when they are not the account's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public HostPort[]? Server { get; set; }

    /// <summary>How long to wait for answers.</summary>
    [Parameter]
    [Duration(IsWait = true)]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>What the parameters amount to; the account of this session's newest job stands in for one that is not given.</summary>
    internal ZoneAccess GetAccess()
    {
        BtmmAccount? account = Account ?? (Zone is null ? Session.CurrentAccount : null);
        DnsName zone = Zone ?? account?.Domain ?? throw new BtmmException(
            BtmmErrorReason.InvalidValue, "Neither an account nor a zone was given.", "Give -Account, or -Zone with -TsigKey.");
        IReadOnlyList<ZoneServer> servers = Server is null ? account?.Servers ?? [] : [.. Server.Select(s => s.ToZoneServer())];
        AccountAuthority? authority = account is not null && zone.IsSubdomainOf(account.Domain) ? account.Authority : null;
        return new ZoneAccess(zone, TsigKey ?? account?.UpdateKey, servers, authority, line => Post(() => WriteVerbose(line)));
    }

    /// <summary>Waits for a body within <see cref="Timeout"/>.</summary>
    internal T AwaitAnswer<T>(Func<CancellationToken, Task<T>> body) => AwaitWithin(Timeout, body);
}
