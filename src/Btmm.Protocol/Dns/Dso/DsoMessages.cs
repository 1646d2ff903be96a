namespace Btmm.Protocol.Dns.Dso;

/// <summary>Makes the messages of RFC 8490. Holds no state.</summary>
public static class DsoMessages
{
    /// <summary>The block that padded messages are filled up to: requests 128, responses 468 bytes (RFC 8467 §4.1).</summary>
    public const int ResponseBlock = 468;

    private const int MaxSize = 512;

    /// <summary>A client's Keepalive request, or its answer (§7.1).</summary>
    /// <param name="id">The message id.</param>
    /// <param name="timeouts">What is asked for, or what holds from now on.</param>
    /// <param name="isResponse">Whether it is the answer.</param>
    /// <param name="isPadded">Whether the request was padded, so that the answer has to be (§7.3).</param>
    public static byte[] Keepalive(ushort id, DsoTimeouts timeouts, bool isResponse, bool isPadded = false)
    {
        Span<byte> buffer = stackalloc byte[MaxSize];
        var writer = new DsoMessageWriter(buffer);
        writer.TryWriteNumbers(DsoType.Keepalive, timeouts.InactivityMilliseconds, timeouts.KeepaliveMilliseconds);
        if (isPadded) writer.TryPad(ResponseBlock);
        return buffer[..writer.Finish(id, isResponse)].ToArray();
    }

    /// <summary>A server's message that ends the session (§7.2.1).</summary>
    /// <param name="reason">Why.</param>
    /// <param name="delay">How long the client stays away.</param>
    public static byte[] RetryDelay(DnsRcode reason, TimeSpan delay)
    {
        Span<byte> buffer = stackalloc byte[MaxSize];
        var writer = new DsoMessageWriter(buffer);
        writer.TryWriteNumbers(DsoType.RetryDelay, Milliseconds(delay));
        return buffer[..writer.Finish(id: 0, isResponse: false, reason)].ToArray();
    }

    /// <summary>The answer to a request, without a TLV of the request's kind.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="rcode">The result.</param>
    /// <param name="retryAfter">When the operation may be tried again (§7.2.2); null says nothing about it.</param>
    /// <param name="isPadded">Whether the request was padded, so that the answer has to be (§7.3).</param>
    public static byte[] Response(ushort id, DnsRcode rcode, TimeSpan? retryAfter = null, bool isPadded = false)
    {
        Span<byte> buffer = stackalloc byte[MaxSize];
        var writer = new DsoMessageWriter(buffer);
        if (retryAfter is { } delay) writer.TryWriteNumbers(DsoType.RetryDelay, Milliseconds(delay));
        if (isPadded) writer.TryPad(ResponseBlock);
        return buffer[..writer.Finish(id, isResponse: true, rcode)].ToArray();
    }

    private static uint Milliseconds(TimeSpan time) => (uint)Math.Clamp(time.TotalMilliseconds, 0, uint.MaxValue);
}
