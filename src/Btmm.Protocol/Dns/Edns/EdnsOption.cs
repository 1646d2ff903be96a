namespace Btmm.Protocol.Dns.Edns;

/// <summary>One EDNS option (RFC 6891 §6.1.2). Immutable, compared by value.</summary>
public abstract record EdnsOption
{
    /// <summary>The option's code.</summary>
    public abstract ushort Code { get; }

    /// <summary>Bytes of data, without code and length.</summary>
    public abstract int DataLength { get; }

    /// <summary>Writes the data.</summary>
    /// <param name="destination">Exactly <see cref="DataLength"/> bytes.</param>
    public abstract void WriteData(Span<byte> destination);

    /// <summary>
    /// Reads an option. One of a known code with an impossible length is kept as <see cref="UnknownOption"/>, for the
    /// reader to ignore or to reject.
    /// </summary>
    /// <param name="code">The code.</param>
    /// <param name="data">The data.</param>
    public static EdnsOption Read(ushort code, ReadOnlySpan<byte> data) => code switch
    {
        LlqOption.OptionCode when LlqOption.TryRead(data, out LlqOption? llq) => llq,
        UpdateLeaseOption.OptionCode when UpdateLeaseOption.TryRead(data, out UpdateLeaseOption? lease) => lease,
        ExtendedErrorOption.OptionCode when ExtendedErrorOption.TryRead(data, out ExtendedErrorOption? error) => error,
        _ => new UnknownOption(code, data.ToArray()),
    };
}
