namespace Btmm.Protocol.Dns.Push;

/// <summary>When a subscription that failed may be tried again if the server does not say so (RFC 8765 §6.2.2). Holds no state.</summary>
public static class PushRetry
{
    /// <summary>The recommended delay.</summary>
    /// <param name="rcode">The server's answer.</param>
    public static TimeSpan After(DnsRcode rcode) => rcode switch
    {
        DnsRcode.ServFail => TimeSpan.FromMinutes(1),
        DnsRcode.NotImp or DnsRcode.DsoTypeNI => TimeSpan.FromHours(1),
        _ => TimeSpan.FromMinutes(5),
    };
}
