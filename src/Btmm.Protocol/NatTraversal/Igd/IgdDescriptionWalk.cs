namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>Gathers what counts in a device description, however deep the devices are nested. Used once, by one thread.</summary>
internal sealed class IgdDescriptionWalk : IgdXmlWalk
{
    private const int MaxNameLength = 64;

    private static readonly string[] s_wanted = ["DEVICETYPE", "FRIENDLYNAME", "MANUFACTURER", "MODELNAME", "MODELNUMBER", "URLBASE"];

    private readonly Dictionary<string, string> _texts = [];
    private readonly List<IgdService> _services = [];
    private bool _sawRoot;
    private bool _inService;
    private string _serviceType = "";
    private string _controlUrl = "";

    internal IReadOnlyList<IgdService> Services => _services;

    internal bool TryRead(ReadOnlySpan<byte> document) => Read(document) && _sawRoot;

    /// <summary>The first text under that name outside of services: of the outermost device, as a rule.</summary>
    internal string Text(string name) => _texts.GetValueOrDefault(name, "");

    protected override void Begin(string name)
    {
        _sawRoot |= Is(name, "device");
        if (!Is(name, "service")) return;
        _inService = true;
        (_serviceType, _controlUrl) = ("", "");
    }

    protected override void End(string name, string text)
    {
        if (Is(name, "service")) EndService();
        else if (_inService) Note(name, text);
        else if (Array.IndexOf(s_wanted, name.ToUpperInvariant()) is var at && at >= 0) _texts.TryAdd(s_wanted[at], Readable(s_wanted[at], text));
    }

    private static bool Is(string name, string wanted) => name.Equals(wanted, StringComparison.OrdinalIgnoreCase);

    // Names go into messages for people: one line, and not a long one.
    private static string Readable(string name, string text)
    {
        if (name == "URLBASE") return text;
        string line = string.Concat(text.Select(static c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)).Trim();
        return line.Length <= MaxNameLength ? line : line[..MaxNameLength];
    }

    private void Note(string name, string text)
    {
        if (Is(name, "serviceType") && _serviceType.Length == 0) _serviceType = text;
        if (Is(name, "controlURL") && _controlUrl.Length == 0) _controlUrl = text;
    }

    private void EndService()
    {
        _inService = false;
        if (_services.Count >= IgdConstants.MaxServices || _controlUrl.Length is 0 or > IgdConstants.MaxUrlLength) return;
        if (IgdService.TryParseType(_serviceType, out IgdServiceKind kind, out int version))
            _services.Add(new IgdService(kind, version, _serviceType, _controlUrl));
    }
}
