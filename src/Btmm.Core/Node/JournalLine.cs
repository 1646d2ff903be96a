using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Btmm.Core.Node;

/// <summary>One line of the journal file, as JSON: an entry that is opened, or the number of one that is done.</summary>
internal sealed record JournalLine
{
    internal const int CurrentVersion = 1;
    internal const string Open = "open";
    internal const string Done = "done";

    /// <summary>Mappings were journalled by former versions. They had an hour to live at most; now the memory of mappings has them.</summary>
    private const string RetiredKind = "PortMapping";

    [JsonPropertyName("v")] public int Version { get; init; }
    [JsonPropertyName("op")] public string? Operation { get; init; }
    [JsonPropertyName("id")] public long Id { get; init; }
    [JsonPropertyName("kind")] public string? Kind { get; init; }
    [JsonPropertyName("interface")] public string? Interface { get; init; }
    [JsonPropertyName("address")] public string? Address { get; init; }
    [JsonPropertyName("owner")] public string? Owner { get; init; }

    /// <summary>Whether the line is about something that is no longer journalled.</summary>
    [JsonIgnore] internal bool IsRetired => Version == CurrentVersion && Operation == Open && Kind == RetiredKind;

    internal static JournalLine ForOpen(long id, SystemChange change) => new()
    {
        Version = CurrentVersion,
        Operation = Open,
        Id = id,
        Kind = change.Kind.ToString(),
        Interface = change.Interface,
        Address = change.Address?.ToString(),
        Owner = change.Owner,
    };

    internal static JournalLine ForDone(long id) => new() { Version = CurrentVersion, Operation = Done, Id = id };

    /// <summary>Parses a line; false when it is no JSON object of this shape (torn, or not ours at all).</summary>
    internal static bool TryParse(string text, [NotNullWhen(true)] out JournalLine? line)
    {
        line = null;
        try
        {
            line = JsonSerializer.Deserialize(text, JournalJson.Default.JournalLine);
        }
        catch (JsonException)
        {
            return false;
        }

        return line is { Version: > 0, Operation: not null };
    }

    internal string Format() => JsonSerializer.Serialize(this, JournalJson.Default.JournalLine);

    /// <summary>The change of an open line; false when this version does not know its kind or a field is missing.</summary>
    internal bool TryGetChange([NotNullWhen(true)] out SystemChange? change)
    {
        change = null;
        if (Version != CurrentVersion || Operation != Open) return false;
        if (!Enum.TryParse(Kind, out SystemChangeKind kind) || !Enum.IsDefined(kind) || char.IsAsciiDigit(Kind![0])) return false;
        if (!TryAddress(Address, out IPAddress? address)) return false;
        change = new SystemChange(kind)
        {
            Interface = Interface,
            Address = address,
            Owner = Owner,
        };
        bool complete = kind switch
        {
            SystemChangeKind.TunnelInterface => Interface is not null && Owner is not null,
            SystemChangeKind.Address or SystemChangeKind.Route => Interface is not null && address is not null,
            _ => Owner is not null,
        };
        return complete;
    }

    private static bool TryAddress(string? text, out IPAddress? address)
    {
        address = null;
        return text is null || IPAddress.TryParse(text, out address);
    }
}

/// <summary>Generated serialisers of the journal.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(JournalLine))]
internal sealed partial class JournalJson : JsonSerializerContext;
