using System.Net;

namespace Btmm.Protocol.Ike;

/// <summary>How an <see cref="IkeEndpoint"/> behaves. Immutable; all times are durations on the caller's monotonic clock.</summary>
public sealed record IkeOptions
{
    /// <summary>This host's IKE identity, a host name (ID_FQDN) without final dot.</summary>
    public required string LocalIdentity { get; init; }

    /// <summary>This host's identifier: the IPv6 ULA that is its one traffic selector.</summary>
    public required IPAddress LocalIdentifier { get; init; }

    /// <summary>The IKE suites to offer and accept, best first.</summary>
    public IReadOnlyList<IkeSuite> Suites { get; init; } = [IkeSuite.Aes256Gcm16PrfSha384Ecp384, IkeSuite.Aes256Gcm16PrfSha256Ecp256];

    /// <summary>Whether AES-128-GCM is accepted and offered last for ESP too. Off by default.</summary>
    public bool AllowAes128 { get; init; }

    /// <summary>
    /// Whether 64-bit ESP sequence numbers are offered. Default: yes. strongSwan's user-space ESP (kernel-libipsec) has none:
    /// its daemon does not choose them unless its own configuration names <c>esn</c>, and then refuses the child SA; the next
    /// attempt offers it 32-bit numbers only. As responder this host follows the initiator's order, and a rekey keeps what was.
    /// </summary>
    public IkeSequenceNumbers SequenceNumbers { get; init; } = IkeSequenceNumbers.OfferExtended;

    /// <summary>Whether a rekeyed child SA gets its own Diffie-Hellman exchange where the peer agrees. Default: yes.</summary>
    public bool PerfectForwardSecrecy { get; init; } = true;

    /// <summary>
    /// Whether peers are made to use UDP encapsulation even without a NAT, by a NAT_DETECTION_SOURCE_IP that never matches
    /// (RFC 7296 §2.23). Needed because this host receives ESP on its one UDP socket only. Default: yes.
    /// </summary>
    public bool ForceEncapsulation { get; init; } = true;

    /// <summary>Age at which a child SA is rekeyed, less a random part of <see cref="LifetimeJitter"/>. Default 1 h.</summary>
    public TimeSpan ChildLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Age at which an IKE SA is rekeyed, less a random part of <see cref="LifetimeJitter"/>. Default 8 h.</summary>
    public TimeSpan IkeLifetime { get; init; } = TimeSpan.FromHours(8);

    /// <summary>Largest part (0..0.5) of a lifetime that is taken off at random, so that both sides rarely rekey at once. Default 0.2.</summary>
    public double LifetimeJitter { get; init; } = 0.2;

    /// <summary>Silence of the peer (neither IKE nor ESP) after which it is asked for a sign of life. Default 30 s; zero = never.</summary>
    public TimeSpan LivenessInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time without any answer after which an established peer is given up. Default 60 s.</summary>
    public TimeSpan PeerTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The same while there is a hint that the peer lost its state (INVALID_IKE_SPI). Default 6 s.</summary>
    public TimeSpan SuspectPeerTimeout { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>Time allowed for IKE_SA_INIT and IKE_AUTH each, on the initiator. Default 20 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Life of a half-open IKE SA on the responder. Default 20 s.</summary>
    public TimeSpan HalfOpenTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long packets are still accepted on a child SA that has been replaced. Default 5 s.</summary>
    public TimeSpan ReplacedChildGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Half-open IKE SAs above which initiators must return a cookie first (RFC 7296 §2.6). Default 16.</summary>
    public int CookieThreshold { get; init; } = 16;

    /// <summary>Half-open IKE SAs above which requests are dropped. Default 256.</summary>
    public int MaxHalfOpen { get; init; } = 256;

    /// <summary>Half-open IKE SAs of one source address above which its requests are dropped. Default 8.</summary>
    public int MaxHalfOpenPerSource { get; init; } = 8;

    /// <summary>The most peers (IKE SAs with authenticated peers) at a time. Default 4096.</summary>
    public int MaxPeers { get; init; } = 4096;
}
