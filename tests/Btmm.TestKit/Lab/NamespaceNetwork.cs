using System.Net;
using Btmm.Core.Contracts;
using Btmm.Platform.Sockets;

namespace Btmm.TestKit;

/// <summary>The operating system's sockets, opened inside a network namespace. Thread-safe.</summary>
/// <param name="name">The namespace's name.</param>
public sealed class NamespaceNetwork(string name) : IDatagramChannelFactory, IStreamDialer
{
    private readonly UdpDatagramChannelFactory _channels = new();
    private readonly TcpStreamDialer _dialer = new();

    /// <summary>The namespace's name.</summary>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public IDatagramChannel Open(DatagramChannelOptions options) => NetworkNamespace.Run(Name, () => _channels.Open(options));

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken) =>
        await NetworkNamespace.Run(Name, () => _dialer.ConnectAsync(remote, cancellationToken).AsTask()).ConfigureAwait(false);
}
