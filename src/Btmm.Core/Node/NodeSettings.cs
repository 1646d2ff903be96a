using System.Text.Json;
using System.Text.Json.Serialization;
using Btmm.Protocol;

namespace Btmm.Core.Node;

/// <summary>What a node keeps between runs in <c>node.json</c>: its port, so that gateways and peers find it again.</summary>
internal sealed record NodeSettings
{
    private const string FileName = "node.json";

    // Below the usual range of ephemeral ports, above those of well-known services.
    private const int LowestPort = 20_000;
    private const int PortCount = 12_000;

    [JsonPropertyName("port")] public int Port { get; init; }

    /// <summary>Reads the settings; a missing or damaged file counts as none.</summary>
    internal static NodeSettings? Load(StateDirectory directory)
    {
        byte[]? content = directory.Read(FileName);
        if (content is null) return null;
        try
        {
            NodeSettings? settings = JsonSerializer.Deserialize(content, NodeSettingsJson.Default.NodeSettings);
            return settings is { Port: > 0 and <= ushort.MaxValue } ? settings : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal void Save(StateDirectory directory) =>
        directory.Write(FileName, JsonSerializer.SerializeToUtf8Bytes(this, NodeSettingsJson.Default.NodeSettings));

    internal static int RandomPort(IRandomSource random)
    {
        Span<byte> bytes = stackalloc byte[4];
        random.Fill(bytes);
        return LowestPort + (int)(BitConverter.ToUInt32(bytes) % PortCount);
    }
}

/// <summary>Generated serialisers of the settings.</summary>
[JsonSerializable(typeof(NodeSettings))]
internal sealed partial class NodeSettingsJson : JsonSerializerContext;
