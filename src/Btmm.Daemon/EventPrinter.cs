using System.Globalization;
using System.Text;
using System.Text.Json;
using Btmm.Core.Diagnostics;
using Btmm.Core.Node;

namespace Btmm.Daemon;

/// <summary>Prints events, as lines for people or as JSON lines. Thread-safe.</summary>
internal sealed class EventPrinter(TextWriter output, bool json)
{
    private static readonly JsonWriterOptions s_options = new() { SkipValidation = false };
    private readonly Lock _gate = new();

    internal void Print(NodeEvent happened, string? interfaceName = null)
    {
        if (!json)
        {
            string remedy = happened.Remedy is { } text ? $" {text}" : "";
            WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{happened.Elapsed.TotalSeconds,9:F3} {Name(happened.Kind),-20} {happened.Message}{remedy}"));
            return;
        }

        PrintJson(Name(happened.Kind), happened.At, happened.Elapsed, happened.Message, writer =>
        {
            WriteOptional(writer, "peer", happened.Peer);
            WriteOptional(writer, "identifier", happened.Identifier?.ToString());
            WriteOptional(writer, "endpoint", happened.Endpoint?.ToString());
            WriteOptional(writer, "reason", happened.Reason?.ToString());
            WriteOptional(writer, "remedy", happened.Remedy);
            WriteOptional(writer, "interface", interfaceName);
        });
    }

    /// <summary>Prints an event that is not a node's.</summary>
    internal void Print(string name, TimeSpan elapsed, string message, Action<Utf8JsonWriter>? more = null)
    {
        if (json) PrintJson(name, DateTimeOffset.UtcNow, elapsed, message, more ?? (_ => { }));
        else WriteLine(string.Create(CultureInfo.InvariantCulture, $"{elapsed.TotalSeconds,9:F3} {name,-20} {message}"));
    }

    /// <summary>The event's stable name: TunnelUp becomes tunnel-up.</summary>
    internal static string Name(NodeEventKind kind)
    {
        var name = new StringBuilder();
        foreach (char c in kind.ToString())
        {
            if (char.IsAsciiLetterUpper(c) && name.Length > 0) name.Append('-');
            name.Append(char.ToLowerInvariant(c));
        }

        return name.ToString();
    }

    /// <summary>What is told about a failure on standard error.</summary>
    internal static string Describe(BtmmException failure) => $"{failure.Reason}: {failure.Message} {failure.Remedy}";

    private void PrintJson(string name, DateTimeOffset at, TimeSpan elapsed, string message, Action<Utf8JsonWriter> more)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, s_options))
        {
            writer.WriteStartObject();
            writer.WriteString("at", at);
            writer.WriteNumber("elapsed", Math.Round(elapsed.TotalSeconds, 6));
            writer.WriteString("event", name);
            writer.WriteString("message", message);
            more(writer);
            writer.WriteEndObject();
        }

        WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static void WriteOptional(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null) writer.WriteString(name, value);
    }

    private void WriteLine(string line)
    {
        lock (_gate)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }
}
