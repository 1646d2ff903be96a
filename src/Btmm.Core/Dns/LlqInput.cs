using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Dns;

/// <summary>What reaches the loop of an <see cref="LlqClient"/> from outside.</summary>
internal abstract record LlqInput
{
    /// <summary>Watches or the network changed; the loop looks for itself.</summary>
    public sealed record Wake : LlqInput
    {
        public static Wake Instance { get; } = new();
    }

    /// <summary>A datagram on the socket of a generation.</summary>
    public sealed record Received(int Generation, IPEndPoint From, byte[] Bytes) : LlqInput;

    /// <summary>The attempt of a generation to connect ended; the connection belongs to whoever takes this.</summary>
    public sealed record Connected(int Generation, Stream? Stream, BtmmException? Error) : LlqInput;

    /// <summary>The socket of a generation failed.</summary>
    public sealed record SocketFailed(int Generation) : LlqInput;

    /// <summary>The search for the servers ended.</summary>
    public sealed record Located(int Search, ZoneServers? Servers, BtmmException? Error) : LlqInput;

    /// <summary>A query for a record set, or for the serial (SOA), ended.</summary>
    public sealed record Answered(DnsQuestion Question, int Version, DnsReply? Reply, BtmmException? Error) : LlqInput;
}
