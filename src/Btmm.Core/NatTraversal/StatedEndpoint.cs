using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// Where others reach this host because somebody forwarded a port by hand, or made it the exposed host (DMZ) of a router that cannot
/// be asked. What is left out is found out. Immutable.
/// </summary>
/// <param name="Address">The public IPv4 address; null for the one at which this host's packets arrive outside.</param>
/// <param name="Port">
/// The UDP port, 1..65535; null for the one that the nearest gateway maps, or for the host's own when it maps none.
/// </param>
public sealed record StatedEndpoint(IPAddress? Address, int? Port)
{
    /// <summary>Everything is found out.</summary>
    public static StatedEndpoint Auto { get; } = new(null, null);

    private const string AutoText = "auto";

    /// <summary>As <see cref="TryParse"/>. PowerShell uses this to convert strings.</summary>
    /// <exception cref="FormatException">It is none of the forms.</exception>
    public static StatedEndpoint Parse(string text) => TryParse(text, out StatedEndpoint? endpoint)
        ? endpoint
        : throw new FormatException($"'{text}' is not where others reach a host; write auto, an IPv4 address, ADDRESS:PORT or :PORT.");

    /// <summary>Reads <c>203.0.113.10:4500</c>, <c>203.0.113.10</c>, <c>:4500</c> or <c>auto</c>.</summary>
    /// <returns>False when it is none of these, or no address and port at which others can reach a host.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out StatedEndpoint? endpoint)
    {
        endpoint = null;
        if (string.IsNullOrEmpty(text)) return false;
        if (text.Equals(AutoText, StringComparison.OrdinalIgnoreCase))
        {
            endpoint = Auto;
            return true;
        }

        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string address = colon < 0 ? text : text[..colon];
        int? port = null;
        if (colon >= 0)
        {
            bool isPort = int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number is > 0 and <= IPEndPoint.MaxPort;
            if (!isPort) return false;
            port = number;
        }

        IPAddress? parsed = null;
        if (address.Length > 0 && !TryParseAddress(address, out parsed)) return false;
        endpoint = new StatedEndpoint(parsed, port);
        return parsed is not null || port is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => (Address, Port) switch
    {
        (null, null) => AutoText,
        (_, null) => $"{Address}",
        _ => string.Create(CultureInfo.InvariantCulture, $"{Address}:{Port}"),
    };

    // Four numbers: a short form such as "4500" would be an address to the framework, and a slip of the pen to a person.
    private static bool TryParseAddress(string text, [NotNullWhen(true)] out IPAddress? address) =>
        IPAddress.TryParse(text, out address) && address.AddressFamily == AddressFamily.InterNetwork
            && address.ToString() == text && IsUnicast(address);

    private static bool IsUnicast(IPAddress address) => address.GetAddressBytes()[0] is not (0 or 127 or >= 224);
}
