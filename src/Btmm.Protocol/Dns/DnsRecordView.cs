namespace Btmm.Protocol.Dns;

/// <summary>Where a record lies in the message that a <see cref="DnsMessageReader"/> reads.</summary>
/// <param name="Offset">The first byte, which is that of the owner's name.</param>
/// <param name="Type">The type.</param>
/// <param name="Class">The class.</param>
/// <param name="Ttl">Time to live in seconds.</param>
/// <param name="DataOffset">The first byte of the data.</param>
/// <param name="DataLength">Bytes of data.</param>
public readonly record struct DnsRecordView(int Offset, DnsType Type, DnsClass Class, uint Ttl, int DataOffset, int DataLength)
{
    /// <summary>The offset of what follows the record.</summary>
    public int End => DataOffset + DataLength;
}
