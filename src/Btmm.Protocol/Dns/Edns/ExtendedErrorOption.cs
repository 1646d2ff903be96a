using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Btmm.Protocol.Dns.Edns;

/// <summary>The Extended DNS Error option (RFC 8914 §2).</summary>
/// <param name="Error">The code.</param>
/// <param name="Text">A sentence for people; may be empty.</param>
public sealed record ExtendedErrorOption(ExtendedDnsError Error, string Text = "") : EdnsOption
{
    /// <summary>The option's code.</summary>
    public const ushort OptionCode = 15;

    private const int CodeSize = 2;

    /// <inheritdoc/>
    public override ushort Code => OptionCode;

    /// <inheritdoc/>
    public override int DataLength => CodeSize + Encoding.UTF8.GetByteCount(Text);

    /// <summary>Reads the option; false when it is too short. A zero byte at the text's end does not belong to it (§2).</summary>
    /// <param name="data">The data.</param>
    /// <param name="option">The option.</param>
    public static bool TryRead(ReadOnlySpan<byte> data, [NotNullWhen(true)] out ExtendedErrorOption? option)
    {
        option = null;
        if (data.Length < CodeSize) return false;
        string text = Encoding.UTF8.GetString(data[CodeSize..]).TrimEnd('\0');
        option = new ExtendedErrorOption((ExtendedDnsError)BinaryPrimitives.ReadUInt16BigEndian(data), text);
        return true;
    }

    /// <inheritdoc/>
    public override void WriteData(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)Error);
        Encoding.UTF8.GetBytes(Text, destination[CodeSize..]);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"EDE: {(ushort)Error} ({Error}) {Text}").TrimEnd();
}
