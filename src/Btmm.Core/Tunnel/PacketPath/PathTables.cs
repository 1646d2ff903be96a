namespace Btmm.Core.Tunnel;

/// <summary>The pumps' lookup tables: never changed once published, swapped as a whole.</summary>
/// <param name="Peers">Peers by identifier.</param>
/// <param name="Inbound">SAs by our SPI.</param>
internal sealed record PathTables(Dictionary<UInt128, PeerState> Peers, Dictionary<uint, SaEntry> Inbound)
{
    public static PathTables Empty { get; } = new([], []);
}
