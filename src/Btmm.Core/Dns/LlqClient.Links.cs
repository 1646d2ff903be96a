using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns.Tls;

namespace Btmm.Core.Dns;

/// <content>The socket, or the connection where the server is spoken to by TLS.</content>
public sealed partial class LlqClient
{
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(10);

    private async Task KeepSocketAsync()
    {
        if (_isSocketStale) await CloseSocketAsync().ConfigureAwait(false);
        if (_link is not null || _isConnecting || _server is null) return;
        if (_server is TlsEndPoint tls)
        {
            _isConnecting = true;
            Run(ConnectAsync(tls, _generation, _attempts.Token));
            return;
        }

        try
        {
            IPAddress any = _server.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
            Open(new LlqDatagramLink(_channels.Open(new DatagramChannelOptions(new IPEndPoint(any, 0))), _server));
        }
        catch (SocketException)
        {
            _resendAt = Now + s_firstRetry; // no address of this family at present; sending is tried again then
        }
    }

    private void Open(LlqLink link)
    {
        _link = link;
        Run(ReadAsync(link, _generation));
    }

    private async Task ConnectAsync(TlsEndPoint server, int generation, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(s_connectTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        LlqInput.Connected connected;
        try
        {
            connected = new LlqInput.Connected(generation, await _client.ConnectAsync(server, either.Token).ConfigureAwait(false), null);
        }
        catch (BtmmException error)
        {
            connected = new LlqInput.Connected(generation, null, error);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            connected = new LlqInput.Connected(generation, null, DnsErrors.Unreachable(server, error));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            connected = new LlqInput.Connected(generation, null, DnsErrors.Timeout(server));
        }

        try
        {
            await _inbox.Writer.WriteAsync(connected, _closing.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            if (connected.Stream is { } unwanted) await unwanted.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task HandleConnectedAsync(LlqInput.Connected connected)
    {
        bool isWanted = connected.Generation == _generation && _isConnecting && _server is not null;
        if (!isWanted)
        {
            if (connected.Stream is { } stale) await stale.DisposeAsync().ConfigureAwait(false);
            return;
        }

        _isConnecting = false;
        if (connected.Stream is not { } stream)
        {
            GoDown(connected.Error!); // it is one or the other
            return;
        }

        Open(new LlqStreamLink(stream, _server!)); // wanted
        _resendAt = Now;
    }

    private async Task CloseSocketAsync()
    {
        _isSocketStale = false;
        _isConnecting = false;
        _generation++;
        if (_link is { } link) await link.DisposeAsync().ConfigureAwait(false);
        _link = null;
    }

    /// <summary>Closes connections that came about when nobody wanted them any more.</summary>
    private async Task DropConnectionsAsync()
    {
        while (_inbox.Reader.TryRead(out LlqInput? input))
        {
            if (input is LlqInput.Connected { Stream: { } stream }) await stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task ReadAsync(LlqLink link, int generation)
    {
        try
        {
            while (await link.ReceiveAsync(_closing.Token).ConfigureAwait(false) is var (from, bytes))
            {
                // A full inbox drops the message, as a full socket would.
                if (bytes.Length > 0) _inbox.Writer.TryWrite(new LlqInput.Received(generation, from, bytes));
            }
        }
        catch (ObjectDisposedException)
        {
            return; // closed by the loop
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            // Told below, as is the end of a connection.
        }

        await _inbox.Writer.WriteAsync(new LlqInput.SocketFailed(generation), _closing.Token).ConfigureAwait(false);
    }
}
