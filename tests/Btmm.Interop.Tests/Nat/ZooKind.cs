using Btmm.Core.NatTraversal.Verdicts;

namespace Btmm.Interop.Tests.Nat;

/// <summary>One kind of the NAT zoo: a host of the lab, and what an examination must find there.</summary>
/// <param name="Name">The kind in words.</param>
/// <param name="Host">The host.</param>
/// <param name="Verdict">The verdict.</param>
/// <param name="Box">The address of the box that is to blame; null for none, or one whose address cannot be known.</param>
internal sealed record ZooKind(string Name, string Host, GatewayVerdictKind Verdict, string? Box)
{
    /// <summary>The verdict where no server beyond the gateway can be asked.</summary>
    public GatewayVerdictKind Alone { get; init; } = Verdict;

    /// <summary>The box where no server beyond the gateway can be asked.</summary>
    public string? BoxAlone { get; init; } = Box;

    /// <summary>What the remedy must name; empty where there is nothing to remedy, and others can reach the host.</summary>
    public string Remedy { get; init; } = "";

    /// <summary>What the remedy must name where no server beyond the gateway can be asked.</summary>
    public string RemedyAlone { get => field ?? Remedy; init; }

    /// <summary>Every kind that tests/lab/zoo.sh builds.</summary>
    internal static IReadOnlyList<ZooKind> All { get; } =
    [
        new("public address", "server2", GatewayVerdictKind.DirectPublic, "198.51.100.51"),
        new("public, with firewall", "firm", GatewayVerdictKind.DirectPublic, null)
            { BoxAlone = "192.88.99.117", Remedy = "in the firewall of this host (192.88.99.117) and of the gateway 192.88.99.1", RemedyAlone = "" },
        new("one NAT, mapping", "studio", GatewayVerdictKind.SingleNat, "192.168.1.1"),
        new("symmetric, mapping", "laptop", GatewayVerdictKind.SingleNat, "10.0.1.1"),
        new("with IPv6, mapping", "six", GatewayVerdictKind.SingleNat, "192.168.25.1"),
        new("mapping denied", "lodger", GatewayVerdictKind.NoMapping, "172.16.5.1") { Remedy = "Allow this host" },
        new("no mapping", "plain", GatewayVerdictKind.NoMapping, "192.168.21.1") { Remedy = "Turn on PCP, NAT-PMP or UPnP" },
        new("symmetric, no mapping", "random", GatewayVerdictKind.SymmetricNat, "192.168.22.1")
            { Alone = GatewayVerdictKind.NoMapping, Remedy = "Turn on PCP, NAT-PMP or UPnP" },
        new("two NATs, both map", "attic", GatewayVerdictKind.DoubleNat, "192.168.1.1") { Remedy = "bridge or access point mode" },
        new("two NATs, outer maps", "cellar", GatewayVerdictKind.DoubleNat, "192.168.1.1") { Remedy = "bridge or access point mode" },
        new("two NATs, inner maps", "annex", GatewayVerdictKind.DoubleNat, "192.168.21.1") { Remedy = "bridge or access point mode" },
        new("two NATs, none maps", "shed", GatewayVerdictKind.DoubleNat, "192.168.21.1") { Remedy = "bridge or access point mode" },
        new("carrier NAT, box knows", "deep", GatewayVerdictKind.Cgnat, "100.64.0.1") { Remedy = "Ask the provider" },
        new("carrier NAT, box maps", "naive", GatewayVerdictKind.Cgnat, "100.64.0.1") { Remedy = "Ask the provider" },
        new("carrier NAT, no mapping", "bare", GatewayVerdictKind.Cgnat, "100.64.0.1") { Remedy = "Ask the provider" },
        new("UDP blocked but DNS", "narrow", GatewayVerdictKind.UdpBlocked, "192.168.32.1")
            { Alone = GatewayVerdictKind.NoMapping, Remedy = "Allow outgoing UDP", RemedyAlone = "Turn on PCP, NAT-PMP or UPnP" },
        new("UDP blocked", "mute", GatewayVerdictKind.UdpBlocked, "192.168.23.1")
            { Alone = GatewayVerdictKind.NoMapping, Remedy = "Allow outgoing UDP", RemedyAlone = "Turn on PCP, NAT-PMP or UPnP" },
        new("captive portal", "guest", GatewayVerdictKind.CaptivePortal, "192.168.24.1") { Remedy = "http://192.168.24.1:8080/login" },
    ];

    /// <summary>What is wrong with a verdict; empty when it is right.</summary>
    internal string Fault(GatewayVerdict verdict, bool isAlone)
    {
        GatewayVerdictKind expected = isAlone ? Alone : Verdict;
        if (verdict.Kind != expected) return $"{Name}: {verdict.Kind} instead of {expected}: {verdict.Summary}";
        string? box = isAlone ? BoxAlone : Box;
        if (box != verdict.Box?.Address?.ToString()) return $"{Name}: the box is {verdict.Box} instead of {box}";
        string remedy = isAlone ? RemedyAlone : Remedy;
        bool isRight = remedy.Length == 0 ? verdict.Remedy.Length == 0 : verdict.Remedy.Contains(remedy, StringComparison.Ordinal);
        if (!isRight) return $"{Name}: the remedy is \"{verdict.Remedy}\"";
        return verdict.IsReachable == (remedy.Length == 0) ? "" : $"{Name}: reachable is {verdict.IsReachable}";
    }
}
