using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Reads the data of a record as people write it: an address, a name, <c>0 0 4500 host.example.net</c>, or text.</summary>
internal static class RecordDataParser
{
    /// <summary>The types that can be published.</summary>
    public static IReadOnlyList<DnsType> Types { get; } = [DnsType.A, DnsType.AAAA, DnsType.SRV, DnsType.TXT, DnsType.PTR, DnsType.CNAME];

    /// <summary>Reads the data; false when it does not fit the type.</summary>
    public static bool TryParse(DnsType type, IReadOnlyList<string> values, [NotNullWhen(true)] out DnsData? data)
    {
        data = null;
        if (type == DnsType.TXT) return TryText(values, out data);
        if (values.Count != 1) return false;
        string value = values[0].Trim();
        data = type switch
        {
            DnsType.A => Address(value, AddressFamily.InterNetwork) is { } a ? new AData(a) : null,
            DnsType.AAAA => Address(value, AddressFamily.InterNetworkV6) is { } a ? new AaaaData(a) : null,
            DnsType.PTR => DnsName.TryParse(value, out DnsName? name) ? new PtrData(name) : null,
            DnsType.CNAME => DnsName.TryParse(value, out DnsName? name) ? new CnameData(name) : null,
            DnsType.SRV => Service(value.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
            _ => null,
        };
        return data is not null;
    }

    /// <summary>How the data of a type is written, for error messages.</summary>
    public static string Form(DnsType type) => type switch
    {
        DnsType.A => "an IPv4 address",
        DnsType.AAAA => "an IPv6 address",
        DnsType.SRV => "'priority weight port target'",
        DnsType.TXT => "strings of at most 255 bytes each",
        _ => "a domain name",
    };

    private static bool TryText(IReadOnlyList<string> values, [NotNullWhen(true)] out DnsData? data)
    {
        data = null;
        int[] lengths = [.. values.Select(Encoding.UTF8.GetByteCount)];
        bool fits = lengths.All(l => l <= byte.MaxValue) && lengths.Sum(l => 1 + l) <= ushort.MaxValue;
        if (fits) data = new TxtData(values);
        return fits;
    }

    private static IPAddress? Address(string text, AddressFamily family) =>
        IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == family ? address : null;

    private static SrvData? Service(string[] fields)
    {
        if (fields.Length != 4) return null;
        return TryNumber(fields[0], out ushort priority) && TryNumber(fields[1], out ushort weight) && TryNumber(fields[2], out ushort port)
            && DnsName.TryParse(fields[3], out DnsName? target)
            ? new SrvData(priority, weight, port, target)
            : null;
    }

    private static bool TryNumber(string text, out ushort number) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
