using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.SignOn;

/// <summary>The JSON form of an account, version 1; unknown properties are passed over.</summary>
internal static class AccountJson
{
    private const int FormatVersion = 1;
    private const int MaxServers = 16;

    /// <summary>Writes an account, with its authority's private key only when that is asked for and there.</summary>
    internal static byte[] Write(BtmmAccount account, bool withAuthorityKey)
    {
        byte[] secret = new byte[account.UpdateKey.SecretLength];
        byte[] authorityKey = withAuthorityKey && account.Authority is { } authority ? authority.ExportPrivateKey() : [];
        try
        {
            account.UpdateKey.CopySecretTo(secret);
            using var stream = new MemoryStream();
            using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
                WriteAccount(json, account, secret, authorityKey);
            byte[] content = stream.ToArray();
            CryptographicOperations.ZeroMemory(stream.GetBuffer());
            return content;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(authorityKey);
        }
    }

    internal static bool TryRead(ReadOnlyMemory<byte> content, [NotNullWhen(true)] out BtmmAccount? account)
    {
        account = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            return document.RootElement.ValueKind == JsonValueKind.Object && TryReadAccount(document.RootElement, out account);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is how the parser says that a string is not proper UTF-8 or UTF-16.
            return false;
        }
    }

    private static void WriteAccount(Utf8JsonWriter json, BtmmAccount account, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> authorityKey)
    {
        json.WriteStartObject();
        json.WriteNumber("version", FormatVersion);
        json.WriteString("domain", account.Domain.ToString());
        json.WriteStartObject("updateKey");
        json.WriteString("name", account.UpdateKey.Name.ToString());
        json.WriteString("algorithm", account.UpdateKey.Algorithm.Name);
        json.WriteBase64String("secret", secret);
        json.WriteEndObject();
        json.WriteBase64String("ikePreSharedKey", account.IkePreSharedKey.Span);
        WriteAuthority(json, account.Authority, authorityKey);
        json.WriteStartArray("servers");
        foreach (ZoneServer server in account.Servers)
            AccountServerJson.Write(json, server);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteAuthority(Utf8JsonWriter json, AccountAuthority? authority, ReadOnlySpan<byte> privateKey)
    {
        if (authority is null)
            return;
        json.WriteStartObject("authority");
        json.WriteBase64String("certificate", authority.Certificate.Span);
        if (!privateKey.IsEmpty)
            json.WriteBase64String("privateKey", privateKey);
        json.WriteEndObject();
    }

    private static bool TryReadAccount(JsonElement root, [NotNullWhen(true)] out BtmmAccount? account)
    {
        account = null;
        if (!TryNumber(root, "version", out int version) || version != FormatVersion)
            return false;
        if (!DnsName.TryParse(Text(root, "domain"), out DnsName? domain) || !TryReadServers(root, out List<ZoneServer> servers))
            return false;
        if (!TrySecret(root, "ikePreSharedKey", out byte[] preSharedKey))
            return false;
        TsigKey? updateKey = null;
        AccountAuthority? authority = null;
        try
        {
            if (TryReadKey(root, out updateKey) && TryReadAuthority(root, out authority))
                account = new BtmmAccount(domain, updateKey, preSharedKey, servers, authority);
        }
        catch (BtmmException)
        {
            // A value that no account has: told by the result.
        }
        finally
        {
            CryptographicOperations.ZeroMemory(preSharedKey);
        }

        if (account is not null)
            return true;
        updateKey?.Dispose();
        authority?.Dispose();
        return false;
    }

    // Accounts from before there were authorities have none.
    private static bool TryReadAuthority(JsonElement root, out AccountAuthority? authority)
    {
        authority = null;
        if (!root.TryGetProperty("authority", out JsonElement element))
            return true;
        if (element.ValueKind != JsonValueKind.Object || !TrySecret(element, "certificate", out byte[] certificate))
            return false;
        byte[] privateKey = [];
        bool isGood = !element.TryGetProperty("privateKey", out _) || TrySecret(element, "privateKey", out privateKey);
        isGood = isGood && AccountAuthority.TryLoad(certificate, privateKey, out authority);
        CryptographicOperations.ZeroMemory(privateKey);
        return isGood;
    }

    private static bool TryReadKey(JsonElement root, [NotNullWhen(true)] out TsigKey? key)
    {
        key = null;
        if (!root.TryGetProperty("updateKey", out JsonElement element) || element.ValueKind != JsonValueKind.Object)
            return false;
        if (!DnsName.TryParse(Text(element, "name"), out DnsName? name) || !TsigAlgorithm.TryParse(Text(element, "algorithm"), out TsigAlgorithm? algorithm))
            return false;
        if (algorithm.IsLegacy || !TrySecret(element, "secret", out byte[] secret))
            return false;
        key = secret.Length == 0 ? null : new TsigKey(name, algorithm, secret);
        CryptographicOperations.ZeroMemory(secret);
        return key is not null;
    }

    private static bool TryReadServers(JsonElement root, out List<ZoneServer> servers)
    {
        servers = [];
        if (!root.TryGetProperty("servers", out JsonElement list))
            return true;
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaxServers)
            return false;
        foreach (JsonElement element in list.EnumerateArray())
        {
            if (!AccountServerJson.TryRead(element, out ZoneServer? server))
                return false;
            servers.Add(server);
        }

        return true;
    }

    internal static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    internal static bool TryNumber(JsonElement element, string name, out int value)
    {
        value = 0;
        return element.TryGetProperty(name, out JsonElement property) && property.ValueKind == JsonValueKind.Number && property.TryGetInt32(out value);
    }

    private static bool TrySecret(JsonElement element, string name, out byte[] secret)
    {
        secret = [];
        bool isText = element.TryGetProperty(name, out JsonElement property) && property.ValueKind == JsonValueKind.String;
        if (!isText || !property.TryGetBytesFromBase64(out byte[]? bytes))
            return false;
        secret = bytes;
        return true;
    }
}
