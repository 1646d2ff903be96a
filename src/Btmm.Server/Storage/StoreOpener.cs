using Btmm.Core.Diagnostics;
using Btmm.Server.Storage.Postgres;
using Npgsql;

namespace Btmm.Server.Storage;

/// <summary>Opens the store that a command line or a setting names. Holds no state.</summary>
public static class StoreOpener
{
    private const char FileMark = '@';

    /// <summary>Opens a store.</summary>
    /// <param name="store">
    /// A file for SQLite; or <c>postgres://USER@HOST:PORT/DATABASE</c>, or <c>Host=HOST;Database=DATABASE;Username=USER</c>, for
    /// PostgreSQL, whose password comes from the file that PGPASSFILE or Passfile names (~/.pgpass when neither does); or
    /// <c>@FILE</c>: the first line of a file, which can hold the password too.
    /// </param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="BtmmException">
    /// InvalidValue: the text cannot be used, or has a password in it, which others could read. Others as
    /// <see cref="SqliteZoneStore.OpenAsync"/> and <see cref="PostgresZoneStore.OpenAsync"/> have them.
    /// </exception>
    public static async Task<IDurableZoneStore> OpenAsync(string store, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(store);
        bool isFromFile = store[0] == FileMark;
        string text = isFromFile ? await ReadAsync(store[1..], cancellationToken).ConfigureAwait(false) : store;
        if (!PostgresAddress.IsOne(text))
            return await SqliteZoneStore.OpenAsync(text, cancellationToken).ConfigureAwait(false);
        NpgsqlConnectionStringBuilder address = PostgresAddress.Parse(text);
        if (!isFromFile && !string.IsNullOrEmpty(address.Password))
        {
            throw new BtmmException(
                BtmmErrorReason.InvalidValue,
                "The store's address has a password in it, which everybody on this machine could read.",
                "Put the password into a password file (PGPASSFILE), or the whole address into a file and name that as @FILE.");
        }

        return await PostgresZoneStore.OpenAsync(address.ConnectionString, null, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<string> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            string[] lines = await File.ReadAllLinesAsync(path, cancellationToken).ConfigureAwait(false);
            return lines.FirstOrDefault(static line => line.Length > 0)
                ?? throw new BtmmException(BtmmErrorReason.InvalidValue, $"The file {path} names no store.", "Write the store's address on its first line.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BtmmException(BtmmErrorReason.InvalidValue, $"The file {path} cannot be read: {error.Message}", "Name a file that holds the store's address.", error);
        }
    }
}
