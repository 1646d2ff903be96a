using System.Buffers.Binary;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Requests;

/// <summary>
/// The option by which a server tells the client of a connection how long it may be idle (RFC 7828). Holds no state.
/// </summary>
internal static class TcpKeepalive
{
    internal const ushort OptionCode = 11;

    private const double UnitsPerSecond = 10;

    /// <summary>Answers the option when it came over a connection; by datagram it means nothing (RFC 7828 §3.3.1).</summary>
    internal static void Answer(in DnsRequestView request, IStreamPeer? peer, EdnsReply reply)
    {
        if (peer is null || !request.TryFindOption(OptionCode, out _))
            return;
        Span<byte> timeout = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(timeout, (ushort)Math.Clamp(peer.IdleTimeout.TotalSeconds * UnitsPerSecond, 0, ushort.MaxValue));
        reply.TryAdd(OptionCode, timeout);
    }
}
