using System.Net;
using System.Net.Sockets;

namespace Btmm.Platform.Linux;

/// <summary>What matters of an address of this host in an RTM_NEWADDR message.</summary>
/// <param name="Address">The address, without a scope id.</param>
/// <param name="InterfaceIndex">The interface that has it.</param>
/// <param name="Flags">IFA_F_… bits.</param>
internal readonly record struct AddressMessage(IPAddress Address, int InterfaceIndex, uint Flags)
{
    // struct ifaddrmsg: family 0, prefixlen 1, flags 2, scope 3, index 4..7
    private const int FixedLength = 8;
    private const byte FamilyInet = 2;
    private const byte FamilyInet6 = 10;
    private const ushort AttributeAddress = 1;
    private const ushort AttributeLocal = 2;
    private const ushort AttributeFlags = 8;

    private const uint FlagTemporary = 0x01;
    private const uint FlagDuplicate = 0x08;
    private const uint FlagDeprecated = 0x20;
    private const uint FlagTentative = 0x40;

    /// <summary>Whether it is a short-lived address of RFC 8981, unfit for being reached at.</summary>
    internal bool IsTemporary => Address.AddressFamily == AddressFamily.InterNetworkV6 && (Flags & FlagTemporary) != 0;

    /// <summary>Whether new connections may use it: not deprecated, and known to be this host's alone.</summary>
    internal bool IsPreferred => (Flags & (FlagDuplicate | FlagDeprecated | FlagTentative)) == 0;

    /// <summary>Whether it is an IPv6 address of the internet (2000::/3), so neither link-local nor a ULA.</summary>
    internal bool IsGlobalUnicast
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            return Address.AddressFamily == AddressFamily.InterNetworkV6 && Address.TryWriteBytes(bytes, out _) && (bytes[0] & 0xE0) == 0x20;
        }
    }

    /// <summary>Reads the payload of an RTM_NEWADDR message; false when it is not a well-formed IPv4 or IPv6 address.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> payload, out AddressMessage address)
    {
        address = default;
        if (payload.Length < FixedLength || payload[0] is not (FamilyInet or FamilyInet6)) return false;
        int length = payload[0] == FamilyInet ? 4 : 16;

        // On a point-to-point link "address" is the other end's, and "local" this host's.
        if (!NetlinkAttributes.TryFind(payload, FixedLength, AttributeLocal, out ReadOnlySpan<byte> bytes)
            && !NetlinkAttributes.TryFind(payload, FixedLength, AttributeAddress, out bytes))
        {
            return false;
        }

        if (bytes.Length != length) return false;
        bool hasFlags = NetlinkAttributes.TryFind(payload, FixedLength, AttributeFlags, out ReadOnlySpan<byte> flags) && flags.Length == 4;
        int index = (int)NetlinkAttributes.ReadUInt32(payload[4..]);
        address = new AddressMessage(new IPAddress(bytes), index, hasFlags ? NetlinkAttributes.ReadUInt32(flags) : payload[2]);
        return true;
    }
}
