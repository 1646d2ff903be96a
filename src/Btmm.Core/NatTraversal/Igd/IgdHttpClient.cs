using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>
/// Talks plain HTTP with one gateway and nobody else: whatever a URL says, connections go to the gateway's own address. No proxy,
/// no redirects, no cookies, no decompression; headers, body and time are limited. One connection for each request, as devices
/// are bad at keeping them. Thread-safe.
/// </summary>
internal sealed class IgdHttpClient : IDisposable
{
    private const int MaxRequestLength = 4096;

    private readonly IPAddress _gateway;
    private readonly IStreamDialer _streams;
    private readonly TimeProvider _time;
    private readonly IgdRefusals _refusals;
    private HttpClient? _client;

    internal IgdHttpClient(IPAddress gateway, IStreamDialer streams, TimeProvider time, IgdRefusals refusals)
    {
        _gateway = gateway;
        _streams = streams;
        _time = time;
        _refusals = refusals;
    }

    // Made with the first request: where another protocol maps, the megabytes of the framework's client are never needed.
    private HttpClient Client => LazyInitializer.EnsureInitialized(ref _client, MakeClient);

    /// <summary>Fetches a page.</summary>
    /// <exception cref="BtmmException">The gateway cannot be reached, is too slow, says too much, or sends elsewhere.</exception>
    internal Task<IgdHttpReply> GetAsync(IgdUrl url, TimeSpan limit, CancellationToken cancellationToken) =>
        SendAsync(url, HttpMethod.Get, null, limit, cancellationToken);

    /// <summary>Sends a SOAP request (UDA 1.1 §3.2.1).</summary>
    /// <exception cref="BtmmException">As with <see cref="GetAsync"/>.</exception>
    internal Task<IgdHttpReply> PostAsync(IgdUrl url, IgdRequest request, TimeSpan limit, CancellationToken cancellationToken) =>
        SendAsync(url, HttpMethod.Post, request, limit, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _client?.Dispose();

    private HttpClient MakeClient() => new(
        new SocketsHttpHandler
        {
            ConnectCallback = ConnectAsync,
            ConnectTimeout = IgdLimits.Request, // Otherwise an attempt to connect outlives the request it was for.
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            MaxResponseHeadersLength = IgdLimits.HeaderKibibytes,
            MaxResponseDrainSize = 0,
            ResponseDrainTimeout = TimeSpan.Zero,
            PooledConnectionLifetime = TimeSpan.Zero,
        },
        disposeHandler: true)
    { Timeout = Timeout.InfiniteTimeSpan };

    private async Task<IgdHttpReply> SendAsync(
        IgdUrl url, HttpMethod method, IgdRequest? request, TimeSpan limit, CancellationToken cancellationToken)
    {
        using HttpRequestMessage message = Message(url, method, request);
        using CancellationTokenSource timer = new(limit, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            using HttpResponseMessage response = await Client
                .SendAsync(message, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            int status = (int)response.StatusCode;
            if (status is >= 300 and <= 399)
                throw _refusals.Malformed(RefusedAnswerKind.Redirected, url.Endpoint, $"redirects {url} elsewhere; that is not followed");
            if (HasWrongLength(response))
                throw _refusals.Malformed(RefusedAnswerKind.NotHttp, url.Endpoint, $"answers {url} with a length that is none");
            return new IgdHttpReply(status, await ReadAsync(url, response, either.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw IgdErrors.TimedOut(url.Endpoint, $"its answer to {request?.Action ?? url.ToString()}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            if (e.GetBaseException() is SocketException refused) throw IgdErrors.Unreachable(url.Endpoint, refused.Message, e);
            throw ErrorOf(e) switch
            {
                HttpRequestError.ConfigurationLimitExceeded =>
                    _refusals.Malformed(RefusedAnswerKind.TooLong, url.Endpoint, "sends more than any gateway has to say"),
                HttpRequestError.InvalidResponse =>
                    _refusals.Malformed(RefusedAnswerKind.NotHttp, url.Endpoint, $"answers {url} with something else than HTTP"),
                _ => IgdErrors.Unreachable(url.Endpoint, e.Message, e),
            };
        }
    }

    private static HttpRequestMessage Message(IgdUrl url, HttpMethod method, IgdRequest? request)
    {
        HttpRequestMessage message = new(method, new Uri(url.ToString()))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        message.Headers.ConnectionClose = true;
        message.Headers.TryAddWithoutValidation("User-Agent", "UPnP/1.1 Btmm");
        if (request is null) return message;
        byte[] body = new byte[MaxRequestLength];
        if (!request.TryWrite(body, out int length)) throw new InvalidOperationException($"{request.Action} is too long");
        message.Headers.TryAddWithoutValidation("SOAPAction", request.SoapAction);
        message.Content = new ByteArrayContent(body, 0, length);
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("text/xml") { CharSet = "\"utf-8\"" };
        return message;
    }

    /// <summary>
    /// RFC 9112 §6.3: an answer whose length is invalid, or several that differ, is discarded. The framework would read to the
    /// connection's end, or believe the first.
    /// </summary>
    private static bool HasWrongLength(HttpResponseMessage response)
    {
        if (response.Headers.TransferEncodingChunked == true) return false; // Then it does not count.
        HttpContentHeaders headers = response.Content.Headers;
        return headers.NonValidated.TryGetValues("Content-Length", out HeaderStringValues lengths)
            && (headers.ContentLength is null || lengths.Distinct().Skip(1).Any());
    }

    private async Task<byte[]> ReadAsync(IgdUrl url, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentLength > IgdConstants.MaxDocumentLength) throw TooLong(url);
        Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using ConfiguredAsyncDisposable closing = stream.ConfigureAwait(false);
        using MemoryStream body = new();
        byte[] buffer = new byte[MaxRequestLength];
        while (await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is var read && read > 0)
        {
            if (body.Length + read > IgdConstants.MaxDocumentLength) throw TooLong(url);
            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private BtmmException TooLong(IgdUrl url) =>
        _refusals.Malformed(RefusedAnswerKind.TooLong, url.Endpoint, $"sends more than {IgdConstants.MaxDocumentLength / 1024} KiB as {url}");

    private static HttpRequestError ErrorOf(Exception error) => error switch
    {
        HttpRequestException request => request.HttpRequestError,
        HttpIOException reading => reading.HttpRequestError,
        _ => HttpRequestError.Unknown,
    };

    // The host of a URL was compared with the gateway's address before; here it is not even looked at.
    private ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken) =>
        _streams.ConnectAsync(new IPEndPoint(_gateway, context.DnsEndPoint.Port), cancellationToken);
}
