using Btmm.Core.Diagnostics;
using Btmm.Server.Storage;

namespace Btmm.Server.Tests;

/// <summary>A directory for one test's store, removed with it.</summary>
internal sealed class StoreDirectory : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-store-").FullName;

    internal string File => Path.Combine(_directory, "zones.db");

    internal string[] Files => [.. Directory.GetFiles(_directory).Select(path => Path.GetFileName(path)).Order()];

    internal Task<SqliteZoneStore> OpenAsync() => SqliteZoneStore.OpenAsync(File);

    internal async Task<BtmmException> AssertRefusedAsync(BtmmErrorReason reason)
    {
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(OpenAsync);
        Assert.Equal(reason, error.Reason);
        Assert.Contains(File, error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Remedy);
        return error;
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
