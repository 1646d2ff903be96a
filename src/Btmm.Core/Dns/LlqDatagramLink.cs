using System.Net;
using Btmm.Core.Contracts;

namespace Btmm.Core.Dns;

/// <summary>Messages as datagrams from one socket.</summary>
internal sealed class LlqDatagramLink(IDatagramChannel channel, IPEndPoint server) : LlqLink
{
    private const int DatagramSize = 4096;

    private readonly byte[] _buffer = new byte[DatagramSize];

    internal override ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        channel.SendAsync(message, server, cancellationToken);

    internal override async ValueTask<(IPEndPoint From, byte[] Bytes)?> ReceiveAsync(CancellationToken cancellationToken)
    {
        ReceivedDatagram datagram = await channel.ReceiveAsync(_buffer, cancellationToken).ConfigureAwait(false);
        return (datagram.Remote, datagram.Truncated ? [] : _buffer[..datagram.Length]);
    }

    public override ValueTask DisposeAsync() => channel.DisposeAsync();
}
