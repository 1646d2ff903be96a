using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Btmm.Core.Diagnostics;

namespace Btmm.Platform.Services;

/// <summary>
/// Makes the system run a service from its start on, and takes that back. What was there before is written to a journal first,
/// so that taking it back restores it, also after a crash in between. Not for concurrent use.
/// </summary>
/// <param name="definitions">Where the definition goes: the directory of units, or of task files on Windows.</param>
/// <param name="journals">Where the journals are kept.</param>
/// <param name="manager">Tells the service manager; null when none is to be told.</param>
public sealed partial class ServiceRegistration(string definitions, string journals, IServiceManager? manager)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Where the definition of a service of that name is.</summary>
    public string PathOf(string name) => Path.Combine(definitions, OperatingSystem.IsWindows() ? $"{name}.xml" : $"{name}.service");

    /// <summary>Whether a service of that name was registered here.</summary>
    public bool IsRegistered(string name) => File.Exists(JournalOf(name));

    /// <summary>Names of the services registered here.</summary>
    public IReadOnlyList<string> Names =>
        Directory.Exists(journals) ? [.. Directory.EnumerateFiles(journals, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)] : [];

    /// <summary>Registers a service and, when asked, starts it; one of that name is replaced.</summary>
    /// <exception cref="BtmmException">SystemChangeFailed or PermissionDenied: what was done so far is in the journal, and <see cref="UnregisterAsync"/> takes it back.</exception>
    public async Task RegisterAsync(ServiceDefinition service, bool start, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(service);
        string path = PathOf(service.Name);
        string text = OperatingSystem.IsWindows() ? TaskXml.Format(service) : SystemdUnit.Format(service);
        Guard(path, () =>
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(journals);
            else Directory.CreateDirectory(journals, OwnerOnly);
            Directory.CreateDirectory(definitions);
            // A registration over an earlier one keeps what was there before both.
            if (!IsRegistered(service.Name)) Replace(JournalOf(service.Name), JsonSerializer.Serialize(new Journal(path, File.Exists(path) ? File.ReadAllText(path) : null), JournalJson.Default.Journal));
            Replace(path, text);
        });
        if (manager is not null) await manager.EnableAsync(service.Name, path, start, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops a service and takes its registration back.</summary>
    /// <exception cref="BtmmException">NameNotFound; SystemChangeFailed or PermissionDenied: it may be tried again.</exception>
    public async Task UnregisterAsync(string name, CancellationToken cancellationToken)
    {
        if (!IsRegistered(name)) throw new BtmmException(BtmmErrorReason.NameNotFound, $"No service {name} was registered by Register-BtmmService.", "Look with -WhatIf, or give the directories that it was registered with.");
        Journal journal = Read(name);
        if (manager is not null) await manager.DisableAsync(name, cancellationToken).ConfigureAwait(false);
        Guard(journal.Path, () =>
        {
            if (journal.Before is null) File.Delete(journal.Path);
            else Replace(journal.Path, journal.Before);
        });
        if (manager is not null) await manager.ReloadAsync(cancellationToken).ConfigureAwait(false);
        Guard(JournalOf(name), () => File.Delete(JournalOf(name)));
    }

    private string JournalOf(string name) => Path.Combine(journals, $"{name}.json");

    private Journal Read(string name)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(JournalOf(name)), JournalJson.Default.Journal) ?? throw Damaged(name, null);
        }
        catch (JsonException error)
        {
            throw Damaged(name, error);
        }
    }

    private static BtmmException Damaged(string name, Exception? cause) =>
        new(BtmmErrorReason.StateDirectoryInvalid, $"The journal of the service {name} is damaged.", "Remove the unit and the journal by hand.", cause);

    private static void Replace(string path, string text)
    {
        string made = path + ".new";
        File.WriteAllText(made, text, OperatingSystem.IsWindows() ? Encoding.Unicode : new UTF8Encoding(false));
        File.Move(made, path, overwrite: true);
    }

    private static void Guard(string path, Action change)
    {
        try
        {
            change();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BtmmException(BtmmErrorReason.PermissionDenied, $"{path} cannot be changed: {error.Message}", "Run as root, or give directories that this user may write.", error);
        }
    }

    // Where the definition is, and what was there before; null for nothing.
    private sealed record Journal(string Path, string? Before);

    [JsonSerializable(typeof(Journal))]
    private sealed partial class JournalJson : JsonSerializerContext;
}
