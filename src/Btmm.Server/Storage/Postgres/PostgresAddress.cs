using Btmm.Core.Diagnostics;
using Npgsql;

namespace Btmm.Server.Storage.Postgres;

/// <summary>Where a database is and how to connect. Holds no state.</summary>
internal static class PostgresAddress
{
    // Seconds. A lost answer shall not hold up updates for long, and a dead listener is to be noticed.
    private const int Timeout = 5;
    private const int CommandTimeout = 10;
    private const int KeepAlive = 5;

    private static readonly string[] s_schemes = ["postgres://", "postgresql://"];

    /// <summary>Whether a text means a database: an address postgres://…, or words with Host=.</summary>
    internal static bool IsOne(string text) => IsUri(text) || text.Contains("Host=", StringComparison.OrdinalIgnoreCase);

    /// <summary>A connection string of Npgsql's from either form.</summary>
    /// <exception cref="BtmmException">InvalidValue.</exception>
    internal static NpgsqlConnectionStringBuilder Parse(string text)
    {
        try
        {
            return IsUri(text) ? FromUri(new Uri(text)) : new NpgsqlConnectionStringBuilder(text);
        }
        catch (Exception error) when (error is FormatException or ArgumentException or InvalidOperationException)
        {
            // Not the text itself, nor a part of it: there may be a secret in it.
            throw new BtmmException(
                BtmmErrorReason.InvalidValue, "The address of the database cannot be read.", "Write postgres://USER@HOST:PORT/DATABASE, or Host=HOST;Database=DATABASE;Username=USER.", error);
        }
    }

    /// <summary>With the settings that a store needs, but for those that are given.</summary>
    /// <exception cref="BtmmException">InvalidValue.</exception>
    internal static NpgsqlConnectionStringBuilder Complete(string connectionString)
    {
        NpgsqlConnectionStringBuilder settings = Parse(connectionString);
        if (string.IsNullOrEmpty(settings.Host))
            throw new BtmmException(BtmmErrorReason.InvalidValue, "The address of the database names no host.", "Write postgres://USER@HOST:PORT/DATABASE.");
        settings.Pooling = false; // two connections, kept
        settings.ApplicationName ??= "btmm";
        if (!settings.ContainsKey("Timeout"))
            settings.Timeout = Timeout;
        if (!settings.ContainsKey("Command Timeout"))
            settings.CommandTimeout = CommandTimeout;
        if (!settings.ContainsKey("Keepalive"))
            settings.KeepAlive = KeepAlive;
        return settings;
    }

    private static bool IsUri(string text) => s_schemes.Any(scheme => text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase));

    // postgres://USER@HOST:PORT/DATABASE?host=/run/postgresql&sslmode=require, as libpq has it.
    private static NpgsqlConnectionStringBuilder FromUri(Uri uri)
    {
        var settings = new NpgsqlConnectionStringBuilder { Host = uri.Host };
        if (uri.Port > 0)
            settings.Port = uri.Port;
        string[] user = uri.UserInfo.Split(':', 2);
        if (user[0].Length > 0)
            settings.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1)
            settings.Password = Uri.UnescapeDataString(user[1]);
        if (uri.AbsolutePath.Length > 1)
            settings.Database = Uri.UnescapeDataString(uri.AbsolutePath[1..]);
        foreach (string pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split('=', 2);
            settings[Uri.UnescapeDataString(parts[0])] = parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "";
        }

        return settings;
    }
}
