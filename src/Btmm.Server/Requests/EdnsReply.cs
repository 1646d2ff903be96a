using System.Buffers.Binary;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;

namespace Btmm.Server.Requests;

/// <summary>
/// The OPT record of the answer to a query: the one place where it is gathered and written. It is there only when the request
/// has one (RFC 6891 §7). Made once and used for one request after another; belongs to one loop.
/// </summary>
internal sealed class EdnsReply
{
    private const int FixedSize = 11;
    private const int OptionHeadSize = 4;

    // A cookie takes 44 bytes and an error with a sentence 60; there are no others yet.
    private const int MaxOptions = 256;

    private readonly byte[] _options = new byte[MaxOptions];
    private int _length;
    private bool _isWanted;

    /// <summary>Bytes that the record takes; 0 when there is none.</summary>
    internal int Size => _isWanted ? FixedSize + _length : 0;

    /// <summary>Begins without options.</summary>
    internal void Start(bool isWanted)
    {
        _isWanted = isWanted;
        _length = 0;
    }

    /// <summary>Adds an option; false, and nothing happens, when the request has no OPT or there is no room.</summary>
    internal bool TryAdd(ushort code, ReadOnlySpan<byte> data)
    {
        if (!_isWanted || OptionHeadSize + data.Length > MaxOptions - _length)
            return false;
        Span<byte> option = _options.AsSpan(_length);
        BinaryPrimitives.WriteUInt16BigEndian(option, code);
        BinaryPrimitives.WriteUInt16BigEndian(option[2..], (ushort)data.Length);
        data.CopyTo(option[OptionHeadSize..]);
        _length += OptionHeadSize + data.Length;
        return true;
    }

    /// <summary>Writes the record, if there is to be one, with the upper bits of the response code.</summary>
    internal bool TryWrite(ref DnsMessageWriter writer, DnsRcode rcode) =>
        !_isWanted || writer.TryWriteRecord([0], DnsType.OPT, (DnsClass)EdnsInfo.SafeUdpPayloadSize, (uint)rcode >> 4 << 24, _options.AsSpan(0, _length));
}
