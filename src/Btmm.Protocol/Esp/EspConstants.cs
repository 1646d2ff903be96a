namespace Btmm.Protocol.Esp;

/// <summary>Numbers of ESP and of its UDP wrapping; all lengths in bytes.</summary>
public static class EspConstants
{
    // From the specifications.

    /// <summary>SPI (4) and the low half of the sequence number (4): RFC 4303 §2.</summary>
    public const int HeaderLength = 8;

    /// <summary>The explicit IV that follows the header: RFC 4106 §3.1.</summary>
    public const int IvLength = 8;

    /// <summary>The integrity check value at the end: RFC 4106 §6.</summary>
    public const int IcvLength = 16;

    /// <summary>The salt at the end of the keying material: RFC 4106 §8.1.</summary>
    public const int SaltLength = 4;

    /// <summary>Pad length and next header at the end of the plaintext: RFC 4303 §2.</summary>
    public const int TrailerLength = 2;

    /// <summary>The plaintext with its trailer is a multiple of this: RFC 4303 §2.4.</summary>
    public const int Alignment = 4;

    /// <summary>What lies before the payload: header and IV.</summary>
    public const int Prefix = HeaderLength + IvLength;

    /// <summary>The most that follows the payload when we seal: 3 bytes of padding, trailer and ICV.</summary>
    public const int MaxSuffix = Alignment - 1 + TrailerLength + IcvLength;

    /// <summary>The shortest valid ESP packet.</summary>
    public const int MinPacketLength = Prefix + Alignment + IcvLength;

    /// <summary>Next header of an IPv6 packet in tunnel mode.</summary>
    public const byte NextHeaderIpv6 = 41;

    /// <summary>Next header of a dummy packet, which the receiver drops: RFC 4303 §2.6.</summary>
    public const byte NextHeaderNone = 59;

    /// <summary>Length of the non-ESP marker, four zero bytes before an IKE message: RFC 3948 §2.2.</summary>
    public const int NonEspMarkerLength = 4;

    /// <summary>The one byte of a NAT-keepalive packet: RFC 3948 §2.3.</summary>
    public const byte NatKeepalive = 0xFF;

    // Our own choices.

    /// <summary>Sequence numbers that a receiver remembers.</summary>
    public const int ReplayWindowSize = 2048;

    /// <summary>Packets after which an outbound SA asks to be replaced: three quarters of the 32-bit space.</summary>
    public const ulong SoftPacketLimit = 3UL << 30;

    /// <summary>Packets that an outbound SA with extended sequence numbers may send at most.</summary>
    public const ulong ExtendedPacketLimit = 1UL << 40;
}
