using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Btmm.Core.Administration;

/// <summary>Addresses with a port as text in JSON. Thread-safe, without state.</summary>
public sealed class EndPointJsonConverter : JsonConverter<IPEndPoint>
{
    /// <inheritdoc/>
    public override IPEndPoint Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && IPEndPoint.TryParse(reader.GetString() ?? "", out IPEndPoint? endpoint)
            ? endpoint
            : throw new JsonException("not an address with a port");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, IPEndPoint value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(value);
        writer.WriteStringValue(value.ToString());
    }
}
