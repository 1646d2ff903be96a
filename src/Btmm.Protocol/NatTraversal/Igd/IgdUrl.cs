using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>
/// A URL on the gateway itself: plain HTTP, the gateway's own inner address, a port. Nothing else is ever fetched, so nothing
/// that answers a search can send this host elsewhere. Immutable.
/// </summary>
/// <param name="Endpoint">The gateway's address, and the port.</param>
/// <param name="PathAndQuery">What to ask for there; begins with a slash.</param>
public sealed record IgdUrl(IPEndPoint Endpoint, string PathAndQuery)
{
    private const int DefaultPort = 80;

    /// <summary>
    /// Well-known ports of protocols that a request could be smuggled into: no gateway has its pages there.
    /// </summary>
    private static readonly int[] s_foreignPorts =
        [7, 9, 13, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 79, 110, 111, 113, 119, 123, 135, 139, 143, 389, 445, 465, 514, 515, 587, 993, 995];

    /// <summary>The whole URL.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"http://{Endpoint}{PathAndQuery}");

    /// <summary>Checks where an SSDP answer says that the description is.</summary>
    /// <param name="text">The URL, absolute.</param>
    /// <param name="gateway">The gateway's inner address.</param>
    /// <param name="url">The URL; meaningful when the result is <see cref="IgdUrlFault.None"/>.</param>
    public static IgdUrlFault Check(string text, IPAddress gateway, out IgdUrl url)
    {
        ArgumentNullException.ThrowIfNull(text);
        url = null!;
        return IsPlain(text) && Uri.TryCreate(text, UriKind.Absolute, out Uri? uri)
            ? Check(uri, gateway, out url)
            : IgdUrlFault.Malformed;
    }

    /// <summary>
    /// Finds what a URL in a description refers to (RFC 3986 §5): an absolute one, or one relative to the description's base, which
    /// is its URLBase or, where that is missing, empty or useless, the place it came from.
    /// </summary>
    /// <param name="reference">The URL, absolute or relative.</param>
    /// <param name="urlBase">The description's URLBase, if any.</param>
    /// <param name="location">Where the description came from.</param>
    /// <param name="url">The URL; meaningful when the result is <see cref="IgdUrlFault.None"/>.</param>
    public static IgdUrlFault Resolve(string reference, string? urlBase, IgdUrl location, out IgdUrl url)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(location);
        url = null!;
        string text = reference.Trim();
        if (text.Length == 0 || !IsPlain(text)) return IgdUrlFault.Malformed;
        Uri start = BaseOf(urlBase, new Uri(location.ToString()));
        if (!Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out Uri? given)) return IgdUrlFault.Malformed;

        // On Unix a path alone is an absolute file URL in the eyes of Uri.
        bool absolute = given.IsAbsoluteUri && !text.StartsWith('/');
        return absolute || Uri.TryCreate(start, text, out given)
            ? Check(given, location.Endpoint.Address, out url)
            : IgdUrlFault.Malformed;
    }

    private static Uri BaseOf(string? urlBase, Uri location)
    {
        string text = urlBase?.Trim() ?? "";
        if (text.Length == 0 || !IsPlain(text)) return location;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? given) && !text.StartsWith('/')) return given;
        return Uri.TryCreate(location, text, out Uri? joined) ? joined : location;
    }

    private static IgdUrlFault Check(Uri uri, IPAddress gateway, out IgdUrl url)
    {
        url = null!;
        if (!uri.IsAbsoluteUri || uri.UserInfo.Length > 0) return IgdUrlFault.Malformed;
        if (uri.Scheme != Uri.UriSchemeHttp) return IgdUrlFault.Scheme;
        UriHostNameType expected = gateway.AddressFamily == AddressFamily.InterNetworkV6 ? UriHostNameType.IPv6 : UriHostNameType.IPv4;
        if (uri.HostNameType != expected || !IPAddress.TryParse(uri.DnsSafeHost, out IPAddress? host) || !host.Equals(gateway))
            return IgdUrlFault.Host;
        int port = uri.Port < 0 ? DefaultPort : uri.Port;
        if (port is < 1 or > IPEndPoint.MaxPort || s_foreignPorts.Contains(port)) return IgdUrlFault.Port;
        string path = uri.PathAndQuery;
        if (path.Length > IgdConstants.MaxUrlLength || !IsPlain(path)) return IgdUrlFault.Malformed;
        url = new IgdUrl(new IPEndPoint(gateway, port), path);
        return IgdUrlFault.None;
    }

    // Printable ASCII without blanks: nothing that could end a request line or mean one thing here and another there.
    private static bool IsPlain(string text) =>
        text.Length is > 0 and <= IgdConstants.MaxUrlLength && text.All(static c => c is > ' ' and < (char)0x7F and not '\\');
}
