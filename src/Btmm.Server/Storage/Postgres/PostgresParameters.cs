using Npgsql;
using NpgsqlTypes;

namespace Btmm.Server.Storage.Postgres;

/// <summary>A statement whose parameters are columns: an array each, of which each row has an element. Not thread-safe.</summary>
internal sealed class PostgresParameters
{
    private readonly List<object?>[] _columns;
    private readonly NpgsqlDbType[] _types;

    internal PostgresParameters(string sql, params NpgsqlDbType[] types)
    {
        Command = new NpgsqlBatchCommand(sql);
        _types = types;
        _columns = [.. types.Select(static _ => new List<object?>())];
        foreach (NpgsqlDbType type in types)
            Command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | type, Value = Array.Empty<object>() });
        Bind();
    }

    internal NpgsqlBatchCommand Command { get; }

    internal void Add(params ReadOnlySpan<object?> row)
    {
        for (int i = 0; i < row.Length; i++)
            _columns[i].Add(row[i]);
    }

    /// <summary>Gives the rows to the statement, and begins again without any.</summary>
    internal void Bind()
    {
        for (int i = 0; i < _columns.Length; i++)
        {
            Command.Parameters[i].Value = _types[i] switch
            {
                NpgsqlDbType.Bytea => _columns[i].ConvertAll(static item => (byte[]?)item).ToArray(),
                NpgsqlDbType.Bigint => _columns[i].ConvertAll(static item => (long?)item).ToArray(),
                NpgsqlDbType.Integer => _columns[i].ConvertAll(static item => (int?)item).ToArray(),
                _ => _columns[i].ConvertAll(static item => (bool?)item).ToArray(),
            };
            _columns[i].Clear();
        }
    }
}
