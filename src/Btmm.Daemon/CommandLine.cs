using System.Globalization;
using System.Net;

namespace Btmm.Daemon;

/// <summary>
/// The options of one command: <c>--name value</c>, <c>--name=value</c> and flags. Every option must be one that the command
/// knows; single ones may be given once.
/// </summary>
internal sealed class CommandLine
{
    private readonly Dictionary<string, List<string>> _values = [];

    private CommandLine()
    {
    }

    /// <summary>Parses what follows the command's words.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="single">Options with a value that may be given once.</param>
    /// <param name="repeated">Options with a value that may be given more than once.</param>
    /// <param name="flags">Options without a value.</param>
    /// <exception cref="UsageException">An option is unknown, lacks its value or comes twice.</exception>
    internal static CommandLine Parse(IReadOnlyList<string> arguments, string[] single, string[] repeated, string[] flags)
    {
        var line = new CommandLine();
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            int equals = argument.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? argument : argument[..equals];
            if (!name.StartsWith("--", StringComparison.Ordinal)) throw new UsageException($"unexpected argument \"{argument}\"");
            if (flags.Contains(name))
            {
                if (equals >= 0) throw new UsageException($"{name} takes no value");
                line.Add(name, "", repeatable: true);
                continue;
            }

            bool repeatable = repeated.Contains(name);
            if (!repeatable && !single.Contains(name)) throw new UsageException($"unknown option {name}");
            if (equals < 0 && i + 1 == arguments.Count) throw new UsageException($"{name} needs a value");
            line.Add(name, equals < 0 ? arguments[++i] : argument[(equals + 1)..], repeatable);
        }

        return line;
    }

    internal bool Has(string name) => _values.ContainsKey(name);

    internal string? Get(string name) => _values.TryGetValue(name, out List<string>? values) ? values[^1] : null;

    internal string Require(string name) => Get(name) ?? throw new UsageException($"{name} is missing");

    internal IReadOnlyList<string> All(string name) => _values.TryGetValue(name, out List<string>? values) ? values : [];

    internal IReadOnlyList<string> RequireAll(string name) =>
        All(name) is { Count: > 0 } values ? values : throw new UsageException($"{name} is missing");

    internal int? GetInteger(string name, int minimum, int maximum)
    {
        if (Get(name) is not { } text) return null;
        bool fits = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= minimum && value <= maximum;
        return fits ? value : throw new UsageException($"{name} must be a number from {minimum} to {maximum}");
    }

    /// <summary>An address with a port: <c>192.0.2.1:53</c>, <c>[::1]:53</c>, or an address alone with the port given here.</summary>
    internal static IPEndPoint ParseEndpoint(string text, int defaultPort)
    {
        // IPAddress would take "[::1]:99" and drop the port.
        bool isAddress = !text.StartsWith('[') || text.EndsWith(']');
        if (isAddress && IPAddress.TryParse(text, out IPAddress? address)) return new IPEndPoint(address, defaultPort);
        return IPEndPoint.TryParse(text, out IPEndPoint? endpoint)
            ? endpoint
            : throw new UsageException($"\"{text}\" is no address with a port");
    }

    /// <summary>A server: <c>host</c>, <c>host:port</c>, <c>[v6]</c> or <c>[v6]:port</c>.</summary>
    internal static (string Host, int? Port) ParseServer(string text)
    {
        string host = text;
        string? port = null;
        if (text.StartsWith('['))
        {
            int close = text.IndexOf(']', StringComparison.Ordinal);
            if (close < 0) throw new UsageException($"\"{text}\" is no server");
            host = text[1..close];
            string rest = text[(close + 1)..];
            if (rest.Length > 0) port = rest[0] == ':' ? rest[1..] : throw new UsageException($"\"{text}\" is no server");
        }
        else if (text.Count(c => c == ':') == 1)
        {
            host = text[..text.IndexOf(':', StringComparison.Ordinal)];
            port = text[(host.Length + 1)..];
        }

        if (host.Length == 0) throw new UsageException($"\"{text}\" is no server");
        if (port is null) return (host, null);
        bool fits = int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is > 0 and <= ushort.MaxValue;
        return fits ? (host, number) : throw new UsageException($"\"{port}\" is no port");
    }

    /// <summary>A time: whole seconds, or a number with <c>s</c>, <c>m</c> or <c>h</c>.</summary>
    internal static TimeSpan ParseDuration(string text)
    {
        int unit = text.Length == 0 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, >= '0' and <= '9' => -1, _ => 0 };
        string digits = unit > 0 ? text[..^1] : text;
        bool fits = unit != 0 && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count <= 1_000_000;
        return fits
            ? TimeSpan.FromSeconds(int.Parse(digits, CultureInfo.InvariantCulture) * (double)Math.Abs(unit))
            : throw new UsageException($"\"{text}\" is no duration (90m, 2h, 5400)");
    }

    private void Add(string name, string value, bool repeatable)
    {
        if (!_values.TryGetValue(name, out List<string>? values)) _values[name] = values = [];
        if (values.Count > 0 && !repeatable) throw new UsageException($"{name} is given twice");
        values.Add(value);
    }
}
