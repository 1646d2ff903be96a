namespace Btmm.Core.Dns;

/// <summary>Which transport an exchange uses.</summary>
public enum DnsTransport
{
    /// <summary>UDP, and TCP when the request is too long for it or the answer was truncated.</summary>
    Auto,

    /// <summary>TCP only.</summary>
    Tcp,
}
