using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns.Edns;

/// <summary>The Long-Lived Query option (RFC 8764 §3.2), always 18 bytes of data.</summary>
/// <param name="Opcode">What the message is for.</param>
/// <param name="Error">The error; in requests over TCP some senders put a UDP port here.</param>
/// <param name="Id">The query's id, 0 in a set-up request.</param>
/// <param name="Lease">Seconds: wanted, granted, remaining or, with <see cref="LlqError.ServFull"/>, to wait.</param>
/// <param name="Version">The protocol's version, 1.</param>
public sealed record LlqOption(LlqOpcode Opcode, LlqError Error, ulong Id, uint Lease, ushort Version = LlqOption.CurrentVersion) : EdnsOption
{
    /// <summary>The option's code.</summary>
    public const ushort OptionCode = 1;

    /// <summary>The protocol version described by RFC 8764.</summary>
    public const ushort CurrentVersion = 1;

    /// <summary>Bytes of data.</summary>
    public const int Size = 18;

    /// <inheritdoc/>
    public override ushort Code => OptionCode;

    /// <inheritdoc/>
    public override int DataLength => Size;

    /// <summary>Reads the option; false when it does not have exactly 18 bytes. The version is not judged.</summary>
    /// <param name="data">The data.</param>
    /// <param name="option">The option.</param>
    public static bool TryRead(ReadOnlySpan<byte> data, [NotNullWhen(true)] out LlqOption? option)
    {
        option = null;
        if (data.Length != Size) return false;
        var fields = new WireReader(data);
        fields.TryReadUInt16(out ushort version);
        fields.TryReadUInt16(out ushort opcode);
        fields.TryReadUInt16(out ushort error);
        fields.TryReadUInt64(out ulong id);
        fields.TryReadUInt32(out uint lease);
        option = new LlqOption((LlqOpcode)opcode, (LlqError)error, id, lease, version);
        return true;
    }

    /// <inheritdoc/>
    public override void WriteData(Span<byte> destination)
    {
        var fields = new WireWriter(destination);
        fields.TryWriteUInt16(Version);
        fields.TryWriteUInt16((ushort)Opcode);
        fields.TryWriteUInt16((ushort)Error);
        fields.TryWriteUInt64(Id);
        fields.TryWriteUInt32(Lease);
    }

    /// <inheritdoc/>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"LLQ: {Version} {Opcode} {Error} {Id:x16} {Lease}");
}
