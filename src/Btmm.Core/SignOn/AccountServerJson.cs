using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Btmm.Core.SignOn;

/// <summary>The JSON form of an account's server entry; what says nothing is left out.</summary>
internal static class AccountServerJson
{
    private const int MaxPort = 65535;

    internal static void Write(Utf8JsonWriter json, ZoneServer server)
    {
        json.WriteStartObject();
        json.WriteString("host", server.Host);
        json.WriteNumber("port", server.Port);
        if (server.LongLivedQueryPort is { } port)
            json.WriteNumber("longLivedQueryPort", port);
        if (server.Tls != TlsUse.Preferred)
            json.WriteString("tls", JsonNamingPolicy.CamelCase.ConvertName(server.Tls.ToString()));
        if (server.TlsPort is { } tls)
            json.WriteNumber("tlsPort", tls);
        if (server.TlsName is { } name)
            json.WriteString("tlsName", name);
        if (server.HasPublicCertificate)
            json.WriteBoolean("publicCertificate", true);
        json.WriteEndObject();
    }

    internal static bool TryRead(JsonElement element, [NotNullWhen(true)] out ZoneServer? server)
    {
        server = null;
        if (element.ValueKind != JsonValueKind.Object || AccountJson.Text(element, "host") is not { Length: > 0 } host)
            return false;
        if (!TryPort(element, "port", out int? port) || port is null)
            return false;
        if (!TryPort(element, "longLivedQueryPort", out int? other) || !TryPort(element, "tlsPort", out int? tls) || !TryUse(element, out TlsUse use))
            return false;
        bool isPublic = element.TryGetProperty("publicCertificate", out JsonElement value) && value.ValueKind == JsonValueKind.True;
        server = new ZoneServer(host, port.Value, other)
        {
            Tls = use,
            TlsPort = tls,
            TlsName = AccountJson.Text(element, "tlsName"),
            HasPublicCertificate = isPublic,
        };
        return true;
    }

    private static bool TryPort(JsonElement element, string name, out int? port)
    {
        port = AccountJson.TryNumber(element, name, out int value) ? value : null;
        return port is null or (>= 1 and <= MaxPort);
    }

    // A word that this version does not know may ask for more than it would do.
    private static bool TryUse(JsonElement element, out TlsUse use)
    {
        use = TlsUse.Preferred;
        return !element.TryGetProperty("tls", out JsonElement value)
            || (value.ValueKind == JsonValueKind.String && Enum.TryParse(value.GetString(), ignoreCase: true, out use) && Enum.IsDefined(use));
    }
}
