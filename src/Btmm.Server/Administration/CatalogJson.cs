using System.Text.Json.Serialization;
using Btmm.Core.Administration;

namespace Btmm.Server.Administration;

/// <summary>How a catalog's entries are written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    UseStringEnumConverter = true,
    Converters = [typeof(DnsNameJsonConverter), typeof(EndPointJsonConverter), typeof(NetworkJsonConverter)])]
[JsonSerializable(typeof(ZoneSettings))]
[JsonSerializable(typeof(KeyDocument))]
internal sealed partial class CatalogJson : JsonSerializerContext;
