using Btmm.Server.Storage;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>A database of one test.</summary>
/// <param name="Server">Its server.</param>
/// <param name="Name">Its name.</param>
/// <param name="Address">How Npgsql connects to it.</param>
internal sealed record PostgresDatabase(PostgresServer Server, string Name, string Address)
{
    internal Task<PostgresZoneStore> OpenAsync() => PostgresZoneStore.OpenAsync(Address);

    internal Task<string> SqlAsync(string sql) => Server.SqlAsync(Name, sql);
}
