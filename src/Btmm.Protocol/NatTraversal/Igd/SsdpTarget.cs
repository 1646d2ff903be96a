namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>What an SSDP search asks for (its ST header). Thread-safe.</summary>
public static class SsdpTarget
{
    /// <summary>A gateway of version 1; those of version 2 have to answer it, too (UDA 1.1 §1.3.2).</summary>
    public const string GatewayDevice1 = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";

    /// <summary>A gateway of version 2.</summary>
    public const string GatewayDevice2 = "urn:schemas-upnp-org:device:InternetGatewayDevice:2";

    /// <summary>A connection without PPP, version 1.</summary>
    public const string WanIpConnection1 = "urn:schemas-upnp-org:service:WANIPConnection:1";

    /// <summary>A connection without PPP, version 2.</summary>
    public const string WanIpConnection2 = "urn:schemas-upnp-org:service:WANIPConnection:2";

    /// <summary>A connection by PPP.</summary>
    public const string WanPppConnection1 = "urn:schemas-upnp-org:service:WANPPPConnection:1";

    /// <summary>Any device.</summary>
    public const string RootDevice = "upnp:rootdevice";

    /// <summary>Everything.</summary>
    public const string All = "ssdp:all";

    private static readonly string[][] s_rounds =
    [
        [GatewayDevice1, GatewayDevice2],
        [WanIpConnection1, WanPppConnection1, WanIpConnection2],
        [GatewayDevice1, GatewayDevice2, RootDevice],
        [All, WanIpConnection1, WanPppConnection1],
    ];

    private static readonly string[] s_gatewayParts =
        [":InternetGatewayDevice:", ":WANDevice:", ":WANConnectionDevice:", ":WANIPConnection:", ":WANPPPConnection:"];

    /// <summary>
    /// The targets of the n-th round of searches (n from 0): the usual ones first. Some gateways answer only to some targets, and
    /// a few to none but the widest, which come last because everybody else answers those, too.
    /// </summary>
    public static IReadOnlyList<string> Round(int round)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(round);
        return s_rounds[round % s_rounds.Length];
    }

    /// <summary>Whether a target or a unique name (NT, ST, USN) is of a gateway or one of its parts.</summary>
    public static bool IsGateway(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return s_gatewayParts.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));
    }
}
