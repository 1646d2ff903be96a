using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Btmm.Protocol.NatTraversal.Portal;

/// <summary>
/// As much of an HTTP answer as tells a sign-in page from anything else (RFC 9112 §4, RFC 6585 §6). Immutable. What it says is a
/// stranger's: texts are short and printable.
/// </summary>
public sealed record PortalAnswer
{
    // ---- RFC 6585 §6 ----

    /// <summary>"Network Authentication Required".</summary>
    public const int SignInRequired = 511;

    // ---- ours ----

    /// <summary>How much of an answer is looked at, bytes.</summary>
    public const int MaxLength = 4096;

    private const int MaxHeaders = 64;
    private const int MaxLocation = 256;
    private const int StatusOffset = 9;
    private const int StatusLength = 3;

    /// <summary>The status, 100 to 599.</summary>
    public int Status { get; private init; }

    /// <summary>
    /// Where it leads, the beginning of it when it is long (those of sign-in pages carry much); null when it leads nowhere, or says so
    /// in a way that cannot be shown.
    /// </summary>
    public string? Location { get; private init; }

    /// <summary>Whether a page for people follows.</summary>
    public bool IsPage { get; private init; }

    /// <summary>Whether it leads elsewhere, be it to where cannot be shown.</summary>
    public bool IsRedirect { get; private init; }

    /// <summary>Reads an answer, whole or cut off anywhere after its first line. Never throws.</summary>
    /// <param name="message">The bytes that came, at most <see cref="MaxLength"/> of which are looked at.</param>
    /// <param name="answer">The answer.</param>
    /// <returns>False when it is not HTTP.</returns>
    public static bool TryParse(ReadOnlySpan<byte> message, [NotNullWhen(true)] out PortalAnswer? answer)
    {
        answer = null;
        if (message.Length > MaxLength) message = message[..MaxLength];
        if (!TryTakeLine(ref message, out ReadOnlySpan<byte> line) || !TryReadStatus(line, out int status)) return false;
        string? location = null;
        bool isLeading = false;
        bool isPage = false;
        bool isWhole = false;
        for (int count = 0; count < MaxHeaders && TryTakeLine(ref message, out line); count++)
        {
            isWhole = line.IsEmpty;
            if (isWhole) break;
            if (ValueOf(line, "location"u8) is { IsEmpty: false } where)
            {
                isLeading = true;
                location ??= Printable(where);
            }

            if (ValueOf(line, "content-type"u8) is { IsEmpty: false } type) isPage = IsPageType(type);
        }

        bool isText = isWhole && BeginsAsPage(message);
        bool isRedirect = isLeading && status is >= 300 and < 400;
        answer = new PortalAnswer { Status = status, Location = location, IsRedirect = isRedirect, IsPage = isPage || isText };
        return true;
    }

    private static bool TryTakeLine(ref ReadOnlySpan<byte> message, out ReadOnlySpan<byte> line)
    {
        int end = message.IndexOf((byte)'\n');
        line = end < 0 ? default : message[..end].TrimEnd((byte)'\r');
        if (end >= 0) message = message[(end + 1)..];
        return end >= 0;
    }

    private static bool TryReadStatus(ReadOnlySpan<byte> line, out int status)
    {
        status = 0;
        const int end = StatusOffset + StatusLength;
        if (line.Length < end || !line.StartsWith("HTTP/1."u8) || line[StatusOffset - 1] != ' ') return false;
        if (line.Length > end && line[end] != ' ') return false;
        foreach (byte digit in line.Slice(StatusOffset, StatusLength))
        {
            if (digit is < (byte)'0' or > (byte)'9') return false;
            status = (status * 10) + digit - '0';
        }

        return status is >= 100 and < 600;
    }

    private static bool IsPageType(ReadOnlySpan<byte> type) =>
        StartsWith(type, "text/html"u8) || StartsWith(type, "application/xhtml+xml"u8);

    /// <summary>Whether a body reads as a page where its type is not told or wrong: some sign-in pages are a script alone.</summary>
    private static bool BeginsAsPage(ReadOnlySpan<byte> body)
    {
        if (body.StartsWith("\uFEFF"u8)) body = body["\uFEFF"u8.Length..];
        body = body.TrimStart(" \r\n\t"u8);
        return StartsWith(body, "<!doctype html"u8) || StartsWith(body, "<html"u8) || StartsWith(body, "<head"u8)
            || StartsWith(body, "<meta"u8) || StartsWith(body, "<script"u8) || StartsWith(body, "<body"u8);
    }

    private static ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name) =>
        line.Length > name.Length && line[name.Length] == ':' && StartsWith(line, name) ? line[(name.Length + 1)..].Trim(" \t"u8) : default;

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> start) =>
        text.Length >= start.Length && Ascii.EqualsIgnoreCase(text[..start.Length], start);

    /// <summary>The text, or its beginning, if a person may be shown it: no control characters, nothing but ASCII.</summary>
    private static string? Printable(ReadOnlySpan<byte> text) =>
        text.IndexOfAnyExceptInRange((byte)'!', (byte)'~') < 0 ? Encoding.ASCII.GetString(text[..Math.Min(text.Length, MaxLocation)]) : null;
}
