using System.Globalization;

namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>A service of a gateway that can map ports, as its description names it. Immutable.</summary>
/// <param name="Kind">Of which kind it is.</param>
/// <param name="Version">The version in its type; 1 or more.</param>
/// <param name="ServiceType">Its type as written there: requests have to repeat it.</param>
/// <param name="ControlUrl">Where requests go, as written there; not checked.</param>
public sealed record IgdService(IgdServiceKind Kind, int Version, string ServiceType, string ControlUrl)
{
    private const int MaxTypeLength = 128;
    private const int MaxVersionDigits = 3;

    /// <summary>Reads a service type, in whatever case; false for services that map no ports.</summary>
    public static bool TryParseType(string serviceType, out IgdServiceKind kind, out int version)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        (kind, version) = (IgdServiceKind.WanIp, 1);
        if (serviceType.Length > MaxTypeLength || !serviceType.All(static c => char.IsAsciiLetterOrDigit(c) || c is ':' or '.' or '-' or '_'))
            return false;
        if (Find(serviceType, ":WANIPConnection") is { } ip) return TryVersion(ip, out version);
        kind = IgdServiceKind.WanPpp;
        return Find(serviceType, ":WANPPPConnection") is { } ppp && TryVersion(ppp, out version);
    }

    private static string? Find(string serviceType, string name)
    {
        int at = serviceType.LastIndexOf(name, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? null : serviceType[(at + name.Length)..];
    }

    // ":2" as a rule; where it is missing or empty, it is the first.
    private static bool TryVersion(string rest, out int version)
    {
        version = 1;
        if (rest is "" or ":") return true;
        if (rest[0] != ':' || rest.Length > MaxVersionDigits + 1) return false;
        return int.TryParse(rest.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out version) && version > 0;
    }
}
