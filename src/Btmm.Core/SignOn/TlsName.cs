using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;

namespace Btmm.Core.SignOn;

/// <summary>A server's name as certificates and TLS write it. Holds no state.</summary>
public static class TlsName
{
    /// <summary>The name in lower case without the last dot.</summary>
    /// <exception cref="BtmmException">InvalidValue: it has characters that no host name has (RFC 1123 §2.1).</exception>
    public static string Of(DnsName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string text = name.ToString().TrimEnd('.').ToLowerInvariant();
        return text.Length > 0 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_')
            ? text
            : throw new BtmmException(BtmmErrorReason.InvalidValue, $"'{name}' cannot be the name of a TLS server.", "Use letters, digits and hyphens only.");
    }
}
