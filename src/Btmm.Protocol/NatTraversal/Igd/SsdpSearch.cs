using System.Globalization;
using System.Net;
using System.Text;

namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>An SSDP search (UDA 1.1 §1.3.2; to one host: §1.3.3). Immutable.</summary>
/// <param name="Host">To whom it goes: the group or the gateway, port included.</param>
/// <param name="Target">What it asks for, see <see cref="SsdpTarget"/>.</param>
public readonly record struct SsdpSearch(IPEndPoint Host, string Target)
{
    /// <summary>Where searches and announcements are multicast (UDA 1.1 §1.2).</summary>
    public static IPEndPoint Group { get; } = new(IPAddress.Parse("239.255.255.250"), IgdConstants.SsdpPort);

    /// <summary>
    /// Writes the search; false when <paramref name="destination"/> is too small. MX is written in a search to one host, too:
    /// UDA has none there, but many devices ignore a search without it.
    /// </summary>
    public bool TryWrite(Span<byte> destination, out int written)
    {
        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"M-SEARCH * HTTP/1.1\r\nHOST: {Host}\r\nMAN: \"ssdp:discover\"\r\nMX: {IgdConstants.SearchWaitSeconds}\r\nST: {Target}\r\n\r\n");
        return Encoding.ASCII.TryGetBytes(text, destination, out written);
    }
}
