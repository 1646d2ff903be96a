using System.Text.Json;
using System.Text.Json.Serialization;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Administration;

/// <summary>Names as text in JSON. Thread-safe, without state.</summary>
public sealed class DnsNameJsonConverter : JsonConverter<DnsName>
{
    /// <inheritdoc/>
    public override DnsName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && DnsName.TryParse(reader.GetString(), out DnsName? name)
            ? name
            : throw new JsonException("not a domain name");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DnsName value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(value);
        writer.WriteStringValue(value.ToString());
    }
}
