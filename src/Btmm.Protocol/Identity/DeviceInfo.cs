using System.Text;

namespace Btmm.Protocol.Identity;

/// <summary>
/// What a host tells about itself in the TXT record beside its tunnel endpoint: key=value strings in the style of DNS-SD
/// (RFC 6763 §6). Keys compare without case; unknown keys are kept. Immutable and thread-safe.
/// </summary>
public sealed class DeviceInfo
{
    /// <summary>Key of the hardware model.</summary>
    public const string ModelKey = "model";

    /// <summary>Key of the operating system's name and version.</summary>
    public const string OperatingSystemKey = "os";

    /// <summary>Key of the version of the software that published the record.</summary>
    public const string SoftwareKey = "btmm";

    // RFC 6763 §6.1: one string of TXT data holds at most 255 bytes; §6.2: stay well below 1300 in all.
    private const int MaxStringLength = 255;
    private const int MaxTotalLength = 1300;

    private readonly KeyValuePair<string, string?>[] _attributes;

    private DeviceInfo(KeyValuePair<string, string?>[] attributes) => _attributes = attributes;

    /// <summary>Without any attribute.</summary>
    public static DeviceInfo Empty { get; } = new([]);

    /// <summary>The attributes in their order; the value is null for a key without "=" (RFC 6763 §6.4).</summary>
    public IReadOnlyList<KeyValuePair<string, string?>> Attributes => _attributes;

    /// <summary>The hardware model, if told.</summary>
    public string? Model => Find(ModelKey);

    /// <summary>The operating system, if told.</summary>
    public string? OperatingSystem => Find(OperatingSystemKey);

    /// <summary>The publishing software's version, if told.</summary>
    public string? Software => Find(SoftwareKey);

    /// <summary>
    /// Makes a description from attributes. False when a key is empty, not printable ASCII or holds "=", appears twice, or a
    /// string or the whole would be too long.
    /// </summary>
    public static bool TryCreate(IEnumerable<KeyValuePair<string, string?>> attributes, out DeviceInfo? info)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        info = null;
        KeyValuePair<string, string?>[] list = [.. attributes];
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        int total = 0;
        foreach (KeyValuePair<string, string?> attribute in list)
        {
            int length = EncodedLength(attribute);
            total += 1 + length;
            if (!IsKey(attribute.Key) || !seen.Add(attribute.Key) || length > MaxStringLength || total > MaxTotalLength)
                return false;
        }

        info = new DeviceInfo(list);
        return true;
    }

    /// <summary>
    /// Reads the strings of a TXT record. Never fails: strings without a proper key are passed over and the first of two
    /// equal keys counts (RFC 6763 §6.4); what goes beyond 1300 bytes is ignored.
    /// </summary>
    public static DeviceInfo Parse(IEnumerable<ReadOnlyMemory<byte>> strings)
    {
        ArgumentNullException.ThrowIfNull(strings);
        var list = new List<KeyValuePair<string, string?>>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        int total = 0;
        foreach (ReadOnlyMemory<byte> item in strings)
        {
            total += 1 + item.Length;
            if (total > MaxTotalLength)
                break;
            ReadOnlySpan<byte> bytes = item.Span;
            int equals = bytes.IndexOf((byte)'=');
            string key = Encoding.Latin1.GetString(equals < 0 ? bytes : bytes[..equals]);
            if (IsKey(key) && seen.Add(key))
                list.Add(new(key, equals < 0 ? null : Encoding.UTF8.GetString(bytes[(equals + 1)..])));
        }

        return list.Count == 0 ? Empty : new DeviceInfo([.. list]);
    }

    /// <summary>The value of a key, or null when the key is absent or has none.</summary>
    public string? Find(string key)
    {
        foreach (KeyValuePair<string, string?> attribute in _attributes)
        {
            if (string.Equals(attribute.Key, key, StringComparison.OrdinalIgnoreCase))
                return attribute.Value;
        }

        return null;
    }

    /// <summary>The strings of the TXT record; one empty string when there are no attributes (RFC 6763 §6.1).</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ToStrings()
    {
        if (_attributes.Length == 0)
            return [ReadOnlyMemory<byte>.Empty];

        var strings = new ReadOnlyMemory<byte>[_attributes.Length];
        for (int i = 0; i < strings.Length; i++)
        {
            (string key, string? value) = _attributes[i];
            strings[i] = Encoding.UTF8.GetBytes(value is null ? key : $"{key}={value}");
        }

        return strings;
    }

    private static bool IsKey(string key)
    {
        if (key.Length == 0)
            return false;
        foreach (char c in key)
        {
            if (c is < ' ' or > '~' or '=')
                return false;
        }

        return true;
    }

    private static int EncodedLength(KeyValuePair<string, string?> attribute) =>
        attribute.Key.Length + (attribute.Value is null ? 0 : 1 + Encoding.UTF8.GetByteCount(attribute.Value));
}
