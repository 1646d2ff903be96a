using Btmm.Protocol.Dns.Data;

namespace Btmm.Protocol.Dns.Edns;

/// <summary>What the OPT record of a message says (RFC 6891 §6.1). Immutable.</summary>
/// <param name="UdpPayloadSize">The largest UDP message the sender takes, bytes.</param>
/// <param name="Options">The options in their order.</param>
/// <param name="Version">The EDNS version, 0.</param>
/// <param name="DnssecOk">The DO bit.</param>
/// <param name="ExtendedRcode">The upper eight bits of the response code.</param>
public sealed record EdnsInfo(
    ushort UdpPayloadSize, IReadOnlyList<EdnsOption> Options, byte Version = 0, bool DnssecOk = false, byte ExtendedRcode = 0)
{
    /// <summary>A size that passes nearly every path unfragmented (1280-byte IPv6 packets).</summary>
    public const ushort SafeUdpPayloadSize = 1232;

    private const uint DnssecOkBit = 0x8000;

    /// <summary>Makes an OPT with the safe size.</summary>
    /// <param name="options">The options.</param>
    public EdnsInfo(params EdnsOption[] options)
        : this(SafeUdpPayloadSize, options)
    {
    }

    /// <summary>The first option of a kind, or null.</summary>
    /// <typeparam name="T">The kind.</typeparam>
    public T? Find<T>()
        where T : EdnsOption
        => Options.OfType<T>().FirstOrDefault();

    /// <summary>Makes the OPT record.</summary>
    public DnsRecord ToRecord() => new(
        DnsName.Root,
        DnsType.OPT,
        (DnsClass)UdpPayloadSize,
        ((uint)ExtendedRcode << 24) | ((uint)Version << 16) | (DnssecOk ? DnssecOkBit : 0),
        new OptData(Options));

    /// <summary>Reads an OPT record; null when the record is none.</summary>
    /// <param name="record">The record.</param>
    public static EdnsInfo? FromRecord(DnsRecord record) => record.Data is OptData data
        ? new EdnsInfo((ushort)record.Class, data.Options, (byte)(record.Ttl >> 16), (record.Ttl & DnssecOkBit) != 0, (byte)(record.Ttl >> 24))
        : null;
}
