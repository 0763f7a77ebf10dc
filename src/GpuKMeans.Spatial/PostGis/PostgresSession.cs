using System.Data;
using Npgsql;
using NpgsqlTypes;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>One connection and its one transaction, waiting or not by one switch.</summary>
/// <remarks>
/// With <paramref name="async"/> false no call leaves anything under way, so that its task is complete on return: the
/// work is written once and the synchronous twin blocks in the driver, never on a task.
/// </remarks>
internal sealed class PostgresSession(
    NpgsqlConnection connection, bool async, TimeSpan timeout, CancellationToken cancellationToken)
{
    private NpgsqlTransaction? _transaction;

    public async ValueTask Begin()
    {
        // A default of the server's for more than this would let one of two appends fail for nothing.
        const IsolationLevel Isolation = IsolationLevel.ReadCommitted;
        if (async)
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            _transaction = await connection.BeginTransactionAsync(Isolation, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            connection.Open();
            _transaction = connection.BeginTransaction(Isolation);
        }
    }

    public async ValueTask Execute(string sql)
    {
        using NpgsqlCommand command = Command(sql, []);
        using CancellationTokenRegistration cancel = CancelWhenAsked(command);
        if (async)
        {
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            command.ExecuteNonQuery();
        }
    }

    public async ValueTask<List<T>> Query<T>(string sql, string?[] parameters, Func<NpgsqlDataReader, T> read)
    {
        var rows = new List<T>();
        using NpgsqlCommand command = Command(sql, parameters);
        using CancellationTokenRegistration cancel = CancelWhenAsked(command);
        if (async)
        {
            NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    rows.Add(read(reader));
                }
            }
        }
        else
        {
            using NpgsqlDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                rows.Add(read(reader));
            }
        }

        return rows;
    }

    /// <summary>Runs a binary COPY into a table; whatever ends it early leaves no row behind.</summary>
    public async ValueTask Copy(string sql, Func<CopyWriter, ValueTask> write)
    {
        NpgsqlBinaryImporter importer = async
            ? await connection.BeginBinaryImportAsync(sql, cancellationToken).ConfigureAwait(false)
            : connection.BeginBinaryImport(sql);
        try
        {
            importer.Timeout = timeout;
            await write(new CopyWriter(importer, async, cancellationToken)).ConfigureAwait(false);
            if (async)
            {
                await importer.CompleteAsync(cancellationToken).ConfigureAwait(false);
            }
            else
            {
                importer.Complete();
            }
        }
        finally
        {
            if (async)
            {
                await importer.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                importer.Dispose();
            }
        }
    }

    public async ValueTask Commit()
    {
        // The last moment to give up: a commit cut short would leave its outcome unknown.
        cancellationToken.ThrowIfCancellationRequested();
        if (async)
        {
            await _transaction!.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        }
        else
        {
            _transaction!.Commit();
        }
    }

    /// <summary>Rolls back what was not committed and lets the connection go.</summary>
    public async ValueTask Close()
    {
        if (async)
        {
            if (_transaction is not null)
            {
                await _transaction.DisposeAsync().ConfigureAwait(false);
            }

            await connection.DisposeAsync().ConfigureAwait(false);
        }
        else
        {
            _transaction?.Dispose();
            connection.Dispose();
        }
    }

    private NpgsqlCommand Command(string sql, string?[] parameters)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var command = new NpgsqlCommand(sql, connection, _transaction)
        {
            CommandTimeout = timeout == Timeout.InfiniteTimeSpan ? 0 : (int)Math.Ceiling(timeout.TotalSeconds),
        };
        foreach (string? parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter
            {
                NpgsqlDbType = NpgsqlDbType.Text,
                Value = (object?)parameter ?? DBNull.Value,
            });
        }

        return command;
    }

    // The synchronous calls take no token, yet an index or a lock may keep them for long.
    private CancellationTokenRegistration CancelWhenAsked(NpgsqlCommand command) =>
        async ? default : cancellationToken.UnsafeRegister(static c => ((NpgsqlCommand)c!).Cancel(), command);
}
