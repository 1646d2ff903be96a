using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;
using System.Text.Json.Serialization;
using Btmm.Protocol.NatTraversal.Igd;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal.Memory;

/// <summary>The file of a <see cref="MappingMemory"/> as JSON.</summary>
internal static class MemoryJson
{
    /// <summary>Since 2, entries tell the gateway's link-layer address.</summary>
    internal const int CurrentVersion = 2;

    private const int OldestVersion = 1;

    internal static byte[] Format(MemoryContents contents) => JsonSerializer.SerializeToUtf8Bytes(
        new MemoryDocument
        {
            Version = CurrentVersion,
            Mappings = [.. contents.Mappings.Select(MappingDocument.From)],
            Nonces = [.. contents.Nonces.Select(NonceDocument.From)],
            Methods = [.. contents.Methods.Select(MethodDocument.From)],
            Descriptions = [.. contents.Descriptions.Select(DescriptionDocument.From)],
        },
        MemoryJsonContext.Default.MemoryDocument);

    /// <summary>Reads a file; null when it is none of ours. Entries that make no sense are left out.</summary>
    internal static MemoryContents? Parse(ReadOnlySpan<byte> file, out int version)
    {
        version = 0;
        try
        {
            // First alone: a later version may hold anything beside it.
            version = JsonSerializer.Deserialize(file, MemoryJsonContext.Default.MemoryVersion)?.Version ?? 0;
            if (version is < OldestVersion or > CurrentVersion) return null;
            if (JsonSerializer.Deserialize(file, MemoryJsonContext.Default.MemoryDocument) is not { } document) return null;
            var contents = new MemoryContents();
            contents.Mappings.AddRange(Newest(document.Mappings, entry => entry.ToMapping(), MemoryContents.MaxMappings));
            contents.Nonces.AddRange(Newest(document.Nonces, entry => entry.ToNonce(), MemoryContents.MaxNonces));
            contents.Methods.AddRange(Newest(document.Methods, entry => entry.ToMethod(), MemoryContents.MaxMethods));
            contents.Descriptions.AddRange(Newest(document.Descriptions, entry => entry.ToDescription(), MemoryContents.MaxDescriptions));
            return contents;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal static TEnum? ParseName<TEnum>(string? name)
        where TEnum : struct, Enum =>
        Enum.TryParse(name, out TEnum value) && Enum.IsDefined(value) && !char.IsAsciiDigit(name![0]) ? value : null;

    /// <summary>
    /// Null when the address is none. A link-layer address that makes no sense counts as not known: what the entry says is true all the same.
    /// </summary>
    internal static GatewayIdentity? ParseGateway(string? address, string? linkAddress)
    {
        if (!IPAddress.TryParse(address, out IPAddress? gateway)) return null;
        bool isKnown = PhysicalAddress.TryParse(linkAddress, out PhysicalAddress? link) && link.GetAddressBytes().Length > 0;
        return new GatewayIdentity(gateway, isKnown ? link : null);
    }

    private static IEnumerable<T> Newest<TEntry, T>(TEntry?[]? entries, Func<TEntry, T?> read, int limit)
        where TEntry : class
        where T : class =>
        (entries ?? []).Select(entry => entry is null ? null : read(entry)).OfType<T>().TakeLast(limit);
}

/// <summary>What every version of the file has.</summary>
internal sealed record MemoryVersion([property: JsonPropertyName("version")] int Version);

/// <summary>The whole file.</summary>
internal sealed record MemoryDocument
{
    [JsonPropertyName("version")] public int Version { get; init; }
    [JsonPropertyName("mappings")] public MappingDocument?[]? Mappings { get; init; }
    [JsonPropertyName("nonces")] public NonceDocument?[]? Nonces { get; init; }
    [JsonPropertyName("methods")] public MethodDocument?[]? Methods { get; init; }
    [JsonPropertyName("descriptions")] public DescriptionDocument?[]? Descriptions { get; init; }
}

/// <summary>One mapping that was not released.</summary>
internal sealed record MappingDocument
{
    private const double LongestLifetimeSeconds = uint.MaxValue;

    [JsonPropertyName("method")] public string? Method { get; init; }
    [JsonPropertyName("gateway")] public string? Gateway { get; init; }
    [JsonPropertyName("gatewayLink")] public string? GatewayLink { get; init; }
    [JsonPropertyName("protocol")] public string? Protocol { get; init; }
    [JsonPropertyName("internalPort")] public int InternalPort { get; init; }
    [JsonPropertyName("externalPort")] public int ExternalPort { get; init; }
    [JsonPropertyName("lifetimeSeconds")] public double LifetimeSeconds { get; init; }
    [JsonPropertyName("mappedAt")] public DateTimeOffset MappedAt { get; init; }
    [JsonPropertyName("externalAddress")] public string? ExternalAddress { get; init; }
    [JsonPropertyName("internalAddress")] public string? InternalAddress { get; init; }
    [JsonPropertyName("nonce")] public string? Nonce { get; init; }
    [JsonPropertyName("permanent")] public bool IsPermanent { get; init; }

    internal static MappingDocument From(PortMapping mapping) => new()
    {
        Method = mapping.Method.ToString(),
        Gateway = mapping.Gateway.ToString(),
        GatewayLink = mapping.GatewayLinkAddress?.ToString(),
        Protocol = mapping.Protocol.ToString(),
        InternalPort = mapping.InternalPort,
        ExternalPort = mapping.ExternalPort,
        LifetimeSeconds = mapping.Lifetime.TotalSeconds,
        MappedAt = mapping.MappedAt,
        ExternalAddress = mapping.ExternalAddress?.ToString(),
        InternalAddress = mapping.InternalAddress?.ToString(),
        Nonce = mapping.Nonce?.ToString(),
        IsPermanent = mapping.IsPermanent,
    };

    internal PortMapping? ToMapping()
    {
        if (MemoryJson.ParseName<PortMappingMethod>(Method) is not { } method) return null;
        if (MemoryJson.ParseName<PortMappingProtocol>(Protocol) is not { } protocol) return null;
        if (MemoryJson.ParseGateway(Gateway, GatewayLink) is not { } gateway) return null;
        bool fits = InternalPort is > 0 and <= ushort.MaxValue && ExternalPort is >= 0 and <= ushort.MaxValue
            && LifetimeSeconds is >= 0 and <= LongestLifetimeSeconds
            && MappedAt.Year < 9000; // Past years are no nonsense: without a battery a clock starts in 1970.
        if (!fits) return null;
        return new PortMapping(method, gateway.Address, protocol, InternalPort, ExternalPort, TimeSpan.FromSeconds(LifetimeSeconds), MappedAt)
        {
            GatewayLinkAddress = gateway.LinkAddress,
            ExternalAddress = IPAddress.TryParse(ExternalAddress, out IPAddress? external) ? external : null,
            InternalAddress = IPAddress.TryParse(InternalAddress, out IPAddress? inner) ? inner : null,
            Nonce = PcpNonce.TryParse(Nonce, out PcpNonce nonce) ? nonce : null,
            IsPermanent = IsPermanent,
        };
    }
}

/// <summary>The nonce of one port.</summary>
internal sealed record NonceDocument(
    [property: JsonPropertyName("gateway")] string? Gateway,
    [property: JsonPropertyName("gatewayLink")] string? GatewayLink,
    [property: JsonPropertyName("protocol")] string? Protocol,
    [property: JsonPropertyName("internalPort")] int InternalPort,
    [property: JsonPropertyName("nonce")] string? Nonce)
{
    internal static NonceDocument From(KeptNonce kept) =>
        new(kept.Gateway.Address.ToString(), kept.Gateway.LinkAddress?.ToString(), kept.Protocol.ToString(), kept.InternalPort, kept.Nonce.ToString());

    internal KeptNonce? ToNonce() =>
        MemoryJson.ParseGateway(Gateway, GatewayLink) is { } gateway && MemoryJson.ParseName<PortMappingProtocol>(Protocol) is { } protocol
            && InternalPort is > 0 and <= ushort.MaxValue && PcpNonce.TryParse(Nonce, out PcpNonce nonce)
            ? new KeptNonce(gateway, protocol, InternalPort, nonce)
            : null;
}

/// <summary>The protocol that worked on one gateway.</summary>
internal sealed record MethodDocument(
    [property: JsonPropertyName("gateway")] string? Gateway,
    [property: JsonPropertyName("gatewayLink")] string? GatewayLink,
    [property: JsonPropertyName("method")] string? Method)
{
    internal static MethodDocument From(KeptMethod kept) =>
        new(kept.Gateway.Address.ToString(), kept.Gateway.LinkAddress?.ToString(), kept.Method.ToString());

    internal KeptMethod? ToMethod() =>
        MemoryJson.ParseGateway(Gateway, GatewayLink) is { } gateway && MemoryJson.ParseName<PortMappingMethod>(Method) is { } method
            ? new KeptMethod(gateway, method)
            : null;
}

/// <summary>Where one gateway described itself by UPnP.</summary>
internal sealed record DescriptionDocument(
    [property: JsonPropertyName("gateway")] string? Gateway,
    [property: JsonPropertyName("gatewayLink")] string? GatewayLink,
    [property: JsonPropertyName("location")] string? Location)
{
    internal static DescriptionDocument From(KeptDescription kept) =>
        new(kept.Gateway.Address.ToString(), kept.Gateway.LinkAddress?.ToString(), kept.Location);

    internal KeptDescription? ToDescription() =>
        MemoryJson.ParseGateway(Gateway, GatewayLink) is { } gateway && Location is { Length: > 0 and <= IgdConstants.MaxUrlLength }
            ? new KeptDescription(gateway, Location)
            : null;
}

/// <summary>Generated serialisers of the memory.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(MemoryVersion))]
[JsonSerializable(typeof(MemoryDocument))]
internal sealed partial class MemoryJsonContext : JsonSerializerContext;
