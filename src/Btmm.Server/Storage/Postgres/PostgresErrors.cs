using Btmm.Core.Diagnostics;
using Npgsql;

namespace Btmm.Server.Storage.Postgres;

/// <summary>What a failure of the database means for the person who runs the service. Holds no state.</summary>
internal static class PostgresErrors
{
    internal static BtmmException Translate(string name, Exception error) => error switch
    {
        BtmmException known => known,
        PostgresException { SqlState: "42501" } => new BtmmException(
            BtmmErrorReason.PermissionDenied, $"The store {name} does not let this user do that: {error.Message}", "Make the user the owner of the database, or let it create a schema there.", error),
        PostgresException { SqlState: ['2', '8', ..] } => new BtmmException(
            BtmmErrorReason.PermissionDenied, $"The store {name} refuses the user or its password: {error.Message}", "Check the user's name, and its line in the password file.", error),
        PostgresException { SqlState: ['5', '3', ..] or ['5', '8', ..] } => new BtmmException(
            BtmmErrorReason.StoreFailed, $"The store {name} cannot go on: {error.Message}", "Check the database server's disk, memory and limit of connections.", error),
        PostgresException { SqlState: "XX001" or "XX002" } => Damaged(name, error),
        _ => new BtmmException(BtmmErrorReason.StoreFailed, $"The store {name} cannot be used: {error.Message}", "Check that the database server runs and can be reached.", error),
    };

    internal static BtmmException Damaged(string name, Exception? error = null) =>
        new(BtmmErrorReason.StoreInvalid, $"The store {name} is damaged; it was left as it is.", "Restore the database from a backup.", error);
}
