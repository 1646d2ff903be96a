using System.Globalization;
using System.Text;
using System.Text.Json;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal.Verdicts;
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
            if (happened.Verdict is { } verdict) WriteVerdict(writer, verdict);
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

    private static void WriteVerdict(Utf8JsonWriter writer, GatewayVerdict verdict)
    {
        writer.WriteString("verdict", $"{verdict.Kind}");
        writer.WriteBoolean("reachable", verdict.IsReachable);
        WriteBox(writer, "box", verdict.Box);
        WriteBox(writer, "inner", verdict.Inner);
        WriteBox(writer, "outer", verdict.Outer);
        writer.WriteStartArray("evidence");
        foreach (GatewayEvidence evidence in verdict.Evidence)
        {
            writer.WriteStartObject();
            writer.WriteString("step", $"{evidence.Step}");
            writer.WriteString("who", evidence.Who);
            writer.WriteString("answer", evidence.Answer);
            writer.WriteNumber("milliseconds", Math.Round(evidence.Elapsed.TotalMilliseconds, 1));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteBox(Utf8JsonWriter writer, string name, GatewayBox? box)
    {
        if (box is null) return;
        writer.WriteStartObject(name);
        writer.WriteString("role", $"{box.Role}");
        WriteOptional(writer, "address", box.Address?.ToString());
        writer.WriteEndObject();
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
