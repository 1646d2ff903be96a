using System.Globalization;

namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>
/// Gathers the values of a SOAP answer, or its error. Values are what is in the element whose name ends in "Response"; an error is a
/// "Fault", an "errorCode" or a "UPnPError", wherever it is. Used once, by one thread.
/// </summary>
internal sealed class IgdAnswerWalk : IgdXmlWalk
{
    private const int MaxWords = 64;

    private bool _sawResponse;
    private bool _sawFault;
    private int _code;
    private string _description = "";
    private string _faultString = "";

    /// <summary>The values by name, in whatever case.</summary>
    internal Dictionary<string, string> Values { get; } = new(StringComparer.OrdinalIgnoreCase);

    internal IgdError? Error => _sawFault ? new IgdError(_code, Words()) : null;

    internal bool TryRead(ReadOnlySpan<byte> body) => Read(body) && (_sawResponse || _sawFault);

    protected override void Begin(string name)
    {
        _sawFault |= Is(name, "Fault") || Is(name, "UPnPError") || Is(name, "errorCode");
        _sawResponse |= name.EndsWith("Response", StringComparison.OrdinalIgnoreCase);
    }

    protected override void End(string name, string text)
    {
        if (Is(name, "errorCode")) Note(text);
        else if (Is(name, "errorDescription")) _description = text;
        else if (Is(name, "faultstring")) _faultString = text;
        else if (_sawResponse && Values.Count < IgdConstants.MaxValues) Values.TryAdd(name, text);
    }

    private static bool Is(string name, string wanted) => name.Equals(wanted, StringComparison.OrdinalIgnoreCase);

    private void Note(string text)
    {
        if (_code == 0 && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int code)) _code = code;
    }

    // The gateway's words go into messages for people: one line, and not a long one.
    private string Words()
    {
        string words = _description.Length > 0 ? _description : _faultString;
        string line = string.Concat(words.Select(static c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)).Trim();
        return line.Length <= MaxWords ? line : line[..MaxWords];
    }
}
