using System.Globalization;
using System.Text;

namespace Btmm.TestKit;

/// <summary>The HTTP server of a <see cref="FakeGateway"/>: reads requests, and writes answers in all the ways that real ones do.</summary>
internal sealed class FakeHttp(FakeGateway gateway, FakeIgd igd, TimeProvider time)
{
    internal const int Port = 5000;

    /// <summary>No endless answer is longer: a client that reads all of it fails its test instead of running for ever.</summary>
    private const long Endless = 64 * 1024 * 1024;

    private const int PieceLength = 16 * 1024;

    private const string ChunkHead = "{0:x}\r\n";

    private long _bytesSent;

    /// <summary>The bytes that clients let it send.</summary>
    internal long BytesSent => Interlocked.Read(ref _bytesSent);

    internal static string[] LowerCase(string[] lines) => [.. lines.Select((line, index) =>
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        return index == 0 || colon < 0 ? line : line[..colon].ToLowerInvariant() + line[colon..];
    })];

    /// <summary>Accepts until nobody listens any more.</summary>
    internal async Task ServeAsync(VirtualListener listener, CancellationToken cancellationToken)
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                VirtualConnection connection = await listener.AcceptAsync(cancellationToken).ConfigureAwait(false);
                connections.Add(ServeAsync(connection, cancellationToken));
            }
        }
        finally
        {
            foreach (Task connection in connections) await connection.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ServeAsync(VirtualConnection connection, CancellationToken cancellationToken)
    {
        await using VirtualConnection open = connection;
        try
        {
            while (await FakeHttpRequest.ReadAsync(connection, cancellationToken).ConfigureAwait(false) is { } request)
            {
                FakeHttpResponse? response = igd.Answer(request);
                if (response is null)
                {
                    await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(false);
                    return;
                }

                await Task.Delay(gateway.NextDelay(), time, cancellationToken).ConfigureAwait(false);
                FakeGatewayQuirks quirks = gateway.Quirks;
                await WriteAsync(connection, response, quirks, cancellationToken).ConfigureAwait(false);
                if (quirks.HttpFraming is FakeHttpFraming.ContentLengthThenClose or FakeHttpFraming.UntilClose) return;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client has had enough, or the test is over.
        }
    }

    private async Task WriteAsync(
        VirtualConnection connection, FakeHttpResponse response, FakeGatewayQuirks quirks, CancellationToken cancellationToken)
    {
        byte[] body = Encoding.UTF8.GetBytes(response.Body);
        long padding = response.Padding < 0 ? Endless : response.Padding;
        StringBuilder head = new(Head(response, quirks, body.Length + padding));
        if (quirks.HttpEndlessHeaders) padding = 0;
        else head.Append("\r\n");
        await SendAsync(connection, Encoding.ASCII.GetBytes(head.ToString()), quirks.HttpDrip, cancellationToken).ConfigureAwait(false);
        byte[] filler = Encoding.ASCII.GetBytes("X-Filler: " + new string('x', PieceLength) + "\r\n");
        for (long sent = 0; quirks.HttpEndlessHeaders && sent < Endless; sent += filler.Length)
            await SendAsync(connection, filler, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        string? chunked = quirks.HttpFraming == FakeHttpFraming.Chunked ? quirks.HttpChunkHead ?? ChunkHead : null;
        await SendBodyAsync(connection, body.AsMemory(0, response.PaddingAt), chunked, quirks.HttpDrip, cancellationToken).ConfigureAwait(false);
        byte[] spaces = Encoding.ASCII.GetBytes(new string(' ', PieceLength));
        for (; padding > 0; padding -= PieceLength)
        {
            ReadOnlyMemory<byte> piece = spaces.AsMemory(0, (int)Math.Min(padding, PieceLength));
            await SendBodyAsync(connection, piece, chunked, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        }

        await SendBodyAsync(connection, body.AsMemory(response.PaddingAt), chunked, quirks.HttpDrip, cancellationToken).ConfigureAwait(false);
        if (chunked is not null) await SendAsync(connection, "0\r\n\r\n"u8.ToArray(), quirks.HttpDrip, cancellationToken).ConfigureAwait(false);
    }

    private static string Head(FakeHttpResponse response, FakeGatewayQuirks quirks, long length)
    {
        bool untilClose = quirks.HttpFraming == FakeHttpFraming.UntilClose;
        string[] lines =
        [
            $"HTTP/1.{(untilClose ? 0 : 1)} {response.Status} {(response.Status == 200 ? "OK" : "Not so")}",
            "Content-Type: text/xml; charset=\"utf-8\"",
            "Server: Fake/1.0 UPnP/1.1",
            .. response.Location is null ? Array.Empty<string>() : [$"Location: {response.Location}"],
            .. quirks.HttpFraming == FakeHttpFraming.Chunked ? ["Transfer-Encoding: chunked"] : Array.Empty<string>(),
            .. Lengths(quirks).Select(text => "Content-Length: " + string.Format(CultureInfo.InvariantCulture, text, length)),
            "",
        ];
        return string.Join("\r\n", quirks.HttpLowerCase ? LowerCase(lines) : lines);
    }

    private static IReadOnlyList<string> Lengths(FakeGatewayQuirks quirks) => quirks.HttpLengths
        ?? (quirks.HttpFraming is FakeHttpFraming.Chunked or FakeHttpFraming.UntilClose ? [] : ["{0}"]);

    private async Task SendBodyAsync(
        VirtualConnection connection, ReadOnlyMemory<byte> bytes, string? chunked, TimeSpan drip, CancellationToken cancellationToken)
    {
        if (bytes.Length == 0) return;
        if (chunked is null)
        {
            await SendAsync(connection, bytes, drip, cancellationToken).ConfigureAwait(false);
            return;
        }

        byte[] size = Encoding.ASCII.GetBytes(string.Format(CultureInfo.InvariantCulture, chunked, bytes.Length));
        byte[] chunk = [.. size, .. bytes.Span, .. "\r\n"u8];
        await SendAsync(connection, chunk, drip, cancellationToken).ConfigureAwait(false);
    }

    private async Task SendAsync(
        VirtualConnection connection, ReadOnlyMemory<byte> bytes, TimeSpan drip, CancellationToken cancellationToken)
    {
        int step = drip == TimeSpan.Zero ? bytes.Length : 1;
        for (int at = 0; at < bytes.Length; at += step)
        {
            if (drip != TimeSpan.Zero) await Task.Delay(drip, time, cancellationToken).ConfigureAwait(false);
            await connection.WriteAsync(bytes.Slice(at, step), cancellationToken).ConfigureAwait(false);
            Interlocked.Add(ref _bytesSent, step);
        }
    }
}
