using System.Text.Json;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>A btmmd inside a lab node, with its JSON events parsed. Thread-safe.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_stopGrace = TimeSpan.FromSeconds(30);
    private readonly DaemonProcess _process;

    private NodeProcess(string name, DaemonProcess process)
    {
        Name = name;
        _process = process;
    }

    internal string Name { get; }

    internal string Log => _process.Log;

    internal bool HasExited => _process.HasExited;

    internal static NodeProcess Start(Lab lab, string host, params string[] arguments) =>
        new(host, lab.StartDaemon(host, Path.Combine(AppContext.BaseDirectory, "btmmd"), [.. arguments, "--json"]));

    /// <summary>All events so far, oldest first.</summary>
    internal IReadOnlyList<JsonElement> Events()
    {
        var events = new List<JsonElement>();
        foreach (string line in _process.Log.Split('\n'))
        {
            if (!line.StartsWith('{')) continue;
            using JsonDocument document = JsonDocument.Parse(line);
            events.Add(document.RootElement.Clone());
        }

        return events;
    }

    internal int Count(string name) => Events().Count(e => NameOf(e) == name);

    internal async Task<JsonElement> WaitForAsync(string name, Func<JsonElement, bool>? condition = null, int after = 0, TimeSpan? timeout = null)
    {
        JsonElement? Find()
        {
            JsonElement[] found = [.. Events().Where(e => NameOf(e) == name && (condition?.Invoke(e) ?? true)).Skip(after)];
            return found.Length > 0 ? found[0] : null;
        }

        await _process.WaitUntilAsync(_ => Find() is not null, timeout ?? TimeSpan.FromSeconds(60));
        return Find()!.Value;
    }

    /// <summary>Ends it by SIGTERM; returns the exit code.</summary>
    internal int Stop() => _process.Stop(s_stopGrace);

    /// <summary>Ends it by SIGKILL, as a crash would.</summary>
    internal void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        _process.Stop(s_stopGrace);
        await _process.DisposeAsync();
    }

    internal static string NameOf(JsonElement e) => e.GetProperty("event").GetString()!;
}
