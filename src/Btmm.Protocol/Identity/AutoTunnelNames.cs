using System.Diagnostics.CodeAnalysis;
using Btmm.Protocol.Dns;

namespace Btmm.Protocol.Identity;

/// <summary>
/// The names under which one host of an account publishes its tunnel endpoint (RFC 6281 §3, §4.2.2). Immutable.
/// </summary>
public sealed record AutoTunnelNames
{
    /// <summary>The service's two labels.</summary>
    public const string ServiceLabels = "_autotunnel._udp";

    private const string TargetPrefix = "AutoTunnel-";

    private AutoTunnelNames(DnsName domain, string hostLabel, Eui64 eui64)
    {
        Domain = domain;
        HostLabel = hostLabel;
        HostName = domain.Prepend(hostLabel);
        ServiceName = HostName.PrependLabels(ServiceLabels);
        TargetName = domain.Prepend(TargetPrefix + eui64);
        ListName = ListNameOf(domain);
    }

    /// <summary>The account's domain.</summary>
    public DnsName Domain { get; }

    /// <summary>The host's own label.</summary>
    public string HostLabel { get; }

    /// <summary><c>studio.&lt;domain&gt;</c>: owns the AAAA record with the identifier, and no A record.</summary>
    public DnsName HostName { get; }

    /// <summary><c>_autotunnel._udp.studio.&lt;domain&gt;</c>: owns the SRV record with the external port.</summary>
    public DnsName ServiceName { get; }

    /// <summary><c>AutoTunnel-XX-XX-XX-XX-XX-XX-XX-XX.&lt;domain&gt;</c>: owns A, AAAA and TXT.</summary>
    public DnsName TargetName { get; }

    /// <summary><c>_autotunnel._udp.&lt;domain&gt;</c>: owns a PTR record to each host's <see cref="ServiceName"/>.</summary>
    public DnsName ListName { get; }

    /// <summary>
    /// Makes the names of a host. False when the label is empty, longer than 63 bytes, not made of letters, digits and inner
    /// hyphens, or a name would be longer than 255 bytes.
    /// </summary>
    public static bool TryCreate(DnsName domain, string hostLabel, Eui64 eui64, [NotNullWhen(true)] out AutoTunnelNames? names)
    {
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(hostLabel);
        const int LabelOverhead = 2; // two length octets, of the longest pair of labels put in front
        int longest = Math.Max(hostLabel.Length + ServiceLabels.Length + LabelOverhead, TargetPrefix.Length + eui64.ToString().Length) + 1;
        bool fits = domain.WireLength + longest <= DnsNameWire.MaxLength;
        names = fits && IsHostLabel(hostLabel) ? new AutoTunnelNames(domain, hostLabel, eui64) : null;
        return names is not null;
    }

    /// <summary>The name under which all hosts of a domain are listed.</summary>
    public static DnsName ListNameOf(DnsName domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return domain.PrependLabels(ServiceLabels);
    }

    /// <summary>
    /// Finds the host in the name of a tunnel service: <c>_autotunnel._udp.studio.&lt;domain&gt;</c> gives
    /// <c>studio.&lt;domain&gt;</c>. False for names of another form or another domain.
    /// </summary>
    public static bool TryGetHostName(DnsName serviceName, DnsName domain, [NotNullWhen(true)] out DnsName? hostName)
    {
        ArgumentNullException.ThrowIfNull(serviceName);
        ArgumentNullException.ThrowIfNull(domain);
        const int ServiceLabelCount = 2;
        hostName = null;
        if (!serviceName.IsSubdomainOf(domain) || serviceName.LabelCount != domain.LabelCount + ServiceLabelCount + 1)
            return false;
        DnsName host = serviceName.Parent.Parent;
        hostName = serviceName == host.PrependLabels(ServiceLabels) ? host : null;
        return hostName is not null;
    }

    // RFC 952 and RFC 1123 §2.1: what every resolver takes as a host name.
    private static bool IsHostLabel(string label)
    {
        if (label.Length is 0 or > DnsNameWire.MaxLabelLength || label[0] == '-' || label[^1] == '-')
            return false;
        foreach (char c in label)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '-')
                return false;
        }

        return true;
    }
}
