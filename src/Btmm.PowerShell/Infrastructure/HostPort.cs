using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Btmm.Core.SignOn;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>A server as people write it: <c>host</c>, <c>host:port</c>, <c>[v6]:port</c>, or a bare IPv6 address.</summary>
/// <param name="Host">A name or an address, without brackets.</param>
/// <param name="Port">The port, or null for the protocol's own.</param>
public sealed record HostPort(string Host, int? Port)
{
    /// <summary>Reads a server. PowerShell uses this to convert strings.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">The text is not a host, or the port is not 1..65535.</exception>
    public static HostPort Parse(string text) =>
        TryParse(text, out HostPort? value)
            ? value
            : throw new FormatException($"'{text}' is not a server; write host, host:port or [address]:port, with a port from 1 to 65535.");

    /// <summary>Reads a server; false when the text is none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The server.</param>
    public static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out HostPort? value)
    {
        value = null;
        text = text?.Trim();
        if (string.IsNullOrEmpty(text)) return false;
        if (text[0] == '[') return TryParseBracketed(text, out value);
        if (IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6)
            return (value = new HostPort(text, null)) is not null;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string host = colon < 0 ? text : text[..colon];
        if (Uri.CheckHostName(host) is UriHostNameType.Unknown or UriHostNameType.Basic) return false;
        return TryFinish(host, colon < 0 ? null : text[(colon + 1)..], out value);
    }

    /// <summary>The addresses of the host, the port filled in.</summary>
    /// <param name="defaultPort">The port when none was given.</param>
    /// <param name="cancellationToken">Ends the look-up.</param>
    /// <exception cref="SocketException">The name does not resolve.</exception>
    public async Task<IReadOnlyList<IPEndPoint>> ResolveAsync(int defaultPort, CancellationToken cancellationToken)
    {
        int port = Port ?? defaultPort;
        if (IPAddress.TryParse(Host, out IPAddress? address)) return [new IPEndPoint(address, port)];
        IPAddress[] found = await System.Net.Dns.GetHostAddressesAsync(Host, cancellationToken).ConfigureAwait(false);
        return [.. found.Select(a => new IPEndPoint(a, port))];
    }

    /// <summary>The same as a server of an account.</summary>
    internal ZoneServer ToZoneServer() => Port is { } port ? new ZoneServer(Host, port) : new ZoneServer(Host);

    /// <inheritdoc/>
    public override string ToString()
    {
        string host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        return Port is null ? Host : string.Create(CultureInfo.InvariantCulture, $"{host}:{Port}");
    }

    private static bool TryParseBracketed(string text, out HostPort? value)
    {
        value = null;
        int end = text.IndexOf(']', StringComparison.Ordinal);
        if (end < 0 || !IPAddress.TryParse(text[1..end], out IPAddress? address)) return false;
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return false;
        string rest = text[(end + 1)..];
        if (rest.Length > 0 && rest[0] != ':') return false;
        return TryFinish(text[1..end], rest.Length == 0 ? null : rest[1..], out value);
    }

    private static bool TryFinish(string host, string? portText, out HostPort? value)
    {
        value = null;
        int? port = null;
        if (portText is not null)
        {
            if (!int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out int number)) return false;
            if (number is < 1 or > 65535) return false;
            port = number;
        }
        value = new HostPort(host, port);
        return true;
    }
}
