namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>What kind of connection a gateway's service stands for.</summary>
public enum IgdServiceKind
{
    /// <summary>WANIPConnection: addresses come by DHCP or by hand, or the kind is hidden.</summary>
    WanIp,

    /// <summary>WANPPPConnection: a dialled one, PPPoE as a rule.</summary>
    WanPpp,
}
