using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Btmm.Core.Administration;

/// <summary>Networks as text in JSON. Thread-safe, without state.</summary>
public sealed class NetworkJsonConverter : JsonConverter<IPNetwork>
{
    /// <inheritdoc/>
    public override IPNetwork Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && IPNetwork.TryParse(reader.GetString(), out IPNetwork network)
            ? network
            : throw new JsonException("not a network");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, IPNetwork value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(value.ToString());
    }
}
