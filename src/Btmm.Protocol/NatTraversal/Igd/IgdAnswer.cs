using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>A gateway's SOAP answer: values by name, or an error. Immutable.</summary>
public sealed class IgdAnswer
{
    private const int ShownText = 64;

    private readonly Dictionary<string, string> _values;

    private IgdAnswer(Dictionary<string, string> values, IgdError? error)
    {
        _values = values;
        Error = error;
    }

    /// <summary>What went wrong; null when nothing did.</summary>
    public IgdError? Error { get; }

    /// <summary>
    /// Reads an answer. A fault counts as one whatever the HTTP status is, and wherever in the document its error code is.
    /// </summary>
    /// <param name="body">The body.</param>
    /// <param name="success">Whether the HTTP status was of success; otherwise anything that is no fault is one without a number.</param>
    /// <param name="answer">What was read.</param>
    /// <returns>False when the status was of success but the body is no SOAP answer.</returns>
    public static bool TryParse(ReadOnlySpan<byte> body, bool success, out IgdAnswer answer)
    {
        IgdAnswerWalk walk = new();
        bool good = walk.TryRead(body);
        IgdError? error = good ? walk.Error : null;
        if (!success && error is null) error = new IgdError(0, good ? "" : Readable(body));
        answer = good || error is not null ? new IgdAnswer(walk.Values, error) : null!;
        return answer is not null;
    }

    /// <summary>A value; null when it is missing.</summary>
    public string? Text(string name) => _values.GetValueOrDefault(name);

    /// <summary>A value as a whole number from 0; null when it is missing, none, or beyond 32 bits.</summary>
    public uint? Number(string name) =>
        uint.TryParse(Text(name), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out uint number)
            ? number
            : null;

    /// <summary>A value as a port; null when it is missing, none, or 0.</summary>
    public ushort? Port(string name) => Number(name) is > 0 and <= ushort.MaxValue and { } port ? (ushort)port : null;

    /// <summary>
    /// A value as an IPv4 address in its usual form; null when it is missing or none. One with a leading zero is none: it may be meant
    /// as a decimal number, and would be read as an octal one.
    /// </summary>
    public IPAddress? Address(string name) =>
        Text(name) is { } text && IPAddress.TryParse(text, out IPAddress? address)
        && address.AddressFamily == AddressFamily.InterNetwork && address.ToString() == text
            ? address
            : null;

    // Such as "Conflict" as the whole of a page: what it is about can still be told from it.
    private static string Readable(ReadOnlySpan<byte> body)
    {
        string text = Encoding.ASCII.GetString(body[..Math.Min(body.Length, IgdConstants.MaxTextLength)]);
        int at = text.IndexOf("Conflict", StringComparison.OrdinalIgnoreCase);
        string line = string.Concat((at < 0 ? text : text[at..]).Select(static c => char.IsControl(c) ? ' ' : c)).Trim();
        return line.Length <= ShownText ? line : line[..ShownText];
    }
}
