using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>Numbers of PCP.</summary>
public static class PcpConstants
{
    // ---- RFC 6887 ----

    /// <summary>The server's UDP port (§19.1); the same as NAT-PMP's.</summary>
    public const int ServerPort = NatPmpConstants.GatewayPort;

    /// <summary>The UDP port on which clients hear announcements (§19.1); the same as NAT-PMP's.</summary>
    public const int AnnouncementPort = NatPmpConstants.AnnouncementPort;

    /// <summary>The one version there is (§9).</summary>
    public const byte Version = 2;

    /// <summary>The version that says that NAT-PMP is spoken (§9 item 4).</summary>
    public const byte NatPmpVersion = NatPmpConstants.Version;

    /// <summary>Set in the operation code of responses (§7.1).</summary>
    public const byte ResponseBit = 0x80;

    /// <summary>The longest message in bytes (§7).</summary>
    public const int MaxMessageLength = 1100;

    /// <summary>The length of the header in bytes (§7.1, §7.2).</summary>
    public const int HeaderLength = 24;

    /// <summary>The length in bytes of what MAP adds to the header (§11.1).</summary>
    public const int MapLength = 36;

    /// <summary>Messages are as long as a multiple of this, in bytes (§8.2).</summary>
    public const int Alignment = 4;

    /// <summary>IRT: the first retransmission's wait (§8.1.1), on which <see cref="PcpPace"/> improves.</summary>
    public static readonly TimeSpan InitialRetransmission = TimeSpan.FromSeconds(3);

    /// <summary>MRT: the longest wait between retransmissions (§8.1.1).</summary>
    public static readonly TimeSpan MaxRetransmission = TimeSpan.FromSeconds(1024);

    /// <summary>The share by which waits vary at random, up and down (§8.1.1).</summary>
    public const double RetransmissionSpread = 0.1;

    /// <summary>Renewals are never closer together than this (§11.2.1).</summary>
    public static readonly TimeSpan MinRenewalSpacing = TimeSpan.FromSeconds(4);

    /// <summary>The lifetime of a "short lifetime" error (§7.4).</summary>
    public static readonly TimeSpan ShortErrorLifetime = TimeSpan.FromSeconds(30);

    /// <summary>The lifetime of a "long lifetime" error (§7.4), and the longest wait after an unsupported version (§9).</summary>
    public static readonly TimeSpan LongErrorLifetime = TimeSpan.FromMinutes(30);

    /// <summary>A granted lifetime counts as no longer than this (§15).</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromHours(24);

    // ---- ours ----

    /// <summary>The wait after the first try; see <see cref="PcpPace"/>.</summary>
    public static readonly TimeSpan BriskRetransmission = NatPmpConstants.FirstRetransmission;

    /// <summary>How often a request is sent before the server counts as not speaking PCP: 97 s, give or take a tenth.</summary>
    public const int MaxTries = 9;
}
