using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

/// <summary>A client's end of a real connection, by TCP or TLS, that sends and reads framed messages as the test wants.</summary>
internal sealed class StreamClient : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private StreamClient(Socket socket, Stream stream)
    {
        Socket = socket;
        Stream = stream;
    }

    internal Socket Socket { get; }

    internal Stream Stream { get; }

    internal static async Task<StreamClient> ConnectAsync(IPEndPoint server)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(server.Address, server.Port));
        return new StreamClient(socket, new NetworkStream(socket, ownsSocket: true));
    }

    /// <summary>Connects by TLS without a look at the certificate.</summary>
    internal static async Task<StreamClient> ConnectTlsAsync(IPEndPoint server, SslClientAuthenticationOptions? options = null)
    {
        StreamClient plain = await ConnectAsync(server);
        var stream = new SslStream(plain.Stream);
        options ??= new SslClientAuthenticationOptions { TargetHost = "ns.alice.members.example.net" };
        options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        try
        {
            await stream.AuthenticateAsClientAsync(options);
            return new StreamClient(plain.Socket, stream);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    internal static byte[] Query(ushort id) => (ServerHarness.Query(TestZones.Alice, DnsType.SOA) with { Id = id }).ToArray();

    /// <summary>An update, signed, that adds an address.</summary>
    internal static byte[] Update(ushort id, TsigKey key)
    {
        DnsMessage message = ServerHarness.Update(TestZones.Alice, [Records.Aaaa(TestZones.Alice.Prepend("studio"), "fd00::1")]) with { Id = id };
        byte[] buffer = new byte[DnsMessage.MaxSize];
        Assert.True(message.TryWrite(buffer, out int length));
        using var tsig = new TsigClientTransaction(key);
        Assert.True(tsig.TrySignRequest(buffer, length, DateTimeOffset.UtcNow, out length));
        return buffer[..length];
    }

    internal static byte[] Framed(byte[] message) => [(byte)(message.Length >> 8), (byte)message.Length, .. message];

    internal async Task SendAsync(params byte[][] messages) => await Stream.WriteAsync(messages.SelectMany(Framed).ToArray());

    /// <summary>The next message; null when the server has ended the connection, by a reset too.</summary>
    internal async Task<DnsMessage?> ReceiveAsync()
    {
        using var timeout = new CancellationTokenSource(s_patience);
        byte[] prefix = new byte[2];
        try
        {
            int first = await Stream.ReadAsync(prefix.AsMemory(0, 1), timeout.Token);
            if (first == 0)
                return null;
            await Stream.ReadExactlyAsync(prefix.AsMemory(1), timeout.Token);
        }
        catch (IOException)
        {
            return null;
        }

        byte[] message = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        await Stream.ReadExactlyAsync(message, timeout.Token);
        Assert.True(DnsMessage.TryParse(message, out DnsMessage? parsed));
        return parsed;
    }

    /// <summary>Whether the connection ended in order, with FIN (and close_notify), and not with a reset.</summary>
    internal async Task<bool> EndsInOrderAsync()
    {
        using var timeout = new CancellationTokenSource(s_patience);
        try
        {
            return await Stream.ReadAsync(new byte[1], timeout.Token) == 0;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}
