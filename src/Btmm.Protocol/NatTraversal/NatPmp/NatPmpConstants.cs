namespace Btmm.Protocol.NatTraversal.NatPmp;

/// <summary>Numbers of NAT-PMP.</summary>
public static class NatPmpConstants
{
    // ---- RFC 6886 ----

    /// <summary>The gateway's UDP port (§3.1).</summary>
    public const int GatewayPort = 5351;

    /// <summary>The UDP port on which clients hear announcements (§3.2.1).</summary>
    public const int AnnouncementPort = 5350;

    /// <summary>The protocol's version (§3).</summary>
    public const byte Version = 0;

    /// <summary>Added to the operation code in responses (§3).</summary>
    public const byte ResponseBit = 0x80;

    /// <summary>How often a request is sent before the gateway counts as not speaking NAT-PMP (§3.1).</summary>
    public const int MaxTries = 9;

    /// <summary>The wait after the first try; it doubles with each (§3.1).</summary>
    public static readonly TimeSpan FirstRetransmission = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest random wait before mappings are made again after an announced reboot (§3.7).</summary>
    public static readonly TimeSpan MaxRecreationDelay = TimeSpan.FromSeconds(5);

    // ---- ours ----

    /// <summary>The longest message that is looked at, in bytes; longer ones are ignored.</summary>
    public const int MaxMessageLength = 64;
}
