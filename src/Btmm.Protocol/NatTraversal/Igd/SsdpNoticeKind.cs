namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>What an SSDP announcement says (its NTS header).</summary>
public enum SsdpNoticeKind
{
    /// <summary>ssdp:alive: the device is there, or still there.</summary>
    Alive,

    /// <summary>ssdp:byebye: the device goes, or has just begun anew.</summary>
    Byebye,

    /// <summary>ssdp:update: the device gets another BOOTID without a restart (UDA 1.1 §1.2.4).</summary>
    Update,
}
