namespace Btmm.Protocol.Dns.Dso;

/// <summary>Where a TLV's data lies in its message.</summary>
/// <param name="Type">The kind.</param>
/// <param name="Offset">The first byte of the data.</param>
/// <param name="Length">Bytes of data.</param>
public readonly record struct DsoTlv(DsoType Type, int Offset, int Length)
{
    /// <summary>The offset of what follows the data.</summary>
    public int End => Offset + Length;
}
