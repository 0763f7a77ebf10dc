using System.Runtime.CompilerServices;
using GpuKMeans.Spatial.PostGis;
using Npgsql;

namespace GpuKMeans.Spatial;

/// <summary>The rows of a PostgreSQL query: an id, a vector, and where there is one a geometry each.</summary>
/// <remarks>
/// <para>
/// One connection is held, with one read-only transaction of one snapshot: whatever others write meanwhile, each reading
/// sees the same rows, in the same order as long as the query says none that depends on chance. Rows come by a cursor, a
/// batch at a time, so that neither side holds more.
/// </para>
/// <para>
/// The other columns of the query are carried along where they are of type boolean, integer, bigint, real, double
/// precision, text, uuid, date, timestamp, timestamp with time zone or bytea; other types are refused. Dispose it to let
/// the connection go.
/// </para>
/// </remarks>
public sealed class PostgresFeatureSource : FeatureSource, IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;
    private readonly QueryShape _shape;
    private readonly int _batchSize;
    private int _readings;

    private PostgresFeatureSource(
        NpgsqlConnection connection, NpgsqlTransaction transaction, QueryShape shape, QuerySample sample, PostgresFeatureOptions options)
        : base(sample.Dimension, count: null, canRepeat: true, sample.Crs) =>
        (_connection, _transaction, _shape, _batchSize) = (connection, transaction, shape, options.BatchSize);

    /// <inheritdoc/>
    public override VectorStream Vectors => new QueryVectors(this);

    /// <summary>Opens a query.</summary>
    /// <param name="connection">An Npgsql connection string, or a <c>postgresql://user:password@host:port/db</c> URL.</param>
    /// <param name="query">A SELECT, such as <c>SELECT id, embedding, geometry FROM places</c>; it is run for each reading.</param>
    /// <param name="options">What its columns are; the defaults of <see cref="PostgresFeatureOptions"/> when null.</param>
    /// <param name="cancellationToken">Stops the opening.</param>
    /// <exception cref="InvalidOperationException">The query has no such column, one of a type that is no use, or no rows.</exception>
    /// <exception cref="NpgsqlException">The server cannot be reached, or refuses the query.</exception>
    public static Task<PostgresFeatureSource> OpenAsync(
        string connection, string query, PostgresFeatureOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connection);
        return Open(new NpgsqlConnection(PostgresConnectionString.Normalize(connection)), query, options, cancellationToken);
    }

    /// <summary>Opens a query.</summary>
    /// <param name="dataSource">Where the connection comes from; it stays the caller's.</param>
    /// <param name="query">A SELECT, such as <c>SELECT id, embedding, geometry FROM places</c>; it is run for each reading.</param>
    /// <param name="options">What its columns are; the defaults of <see cref="PostgresFeatureOptions"/> when null.</param>
    /// <param name="cancellationToken">Stops the opening.</param>
    /// <exception cref="InvalidOperationException">The query has no such column, one of a type that is no use, or no rows.</exception>
    /// <exception cref="NpgsqlException">The server cannot be reached, or refuses the query.</exception>
    public static Task<PostgresFeatureSource> OpenAsync(
        NpgsqlDataSource dataSource, string query, PostgresFeatureOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        return Open(dataSource.CreateConnection(), query, options, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">An id or a vector is null, or a vector is of another length; the message names the row.</exception>
    /// <exception cref="NpgsqlException">The server went away.</exception>
    public override async IAsyncEnumerable<FeatureBatch> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var rows = new QueryRows(_shape, Dimension, _batchSize);
        await foreach (NpgsqlDataReader reader in Fetch(_shape.SelectAll, cancellationToken).ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                rows.Add(reader);
            }

            if (rows.Count > 0)
            {
                yield return rows.Take();
            }
        }
    }

    /// <summary>Ends the transaction and lets the connection go.</summary>
    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync().ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task<PostgresFeatureSource> Open(
        NpgsqlConnection connection, string query, PostgresFeatureOptions? options, CancellationToken cancellationToken)
    {
        try
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(query);
            options ??= new PostgresFeatureOptions();
            options.Validate();
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            NpgsqlTransaction transaction = await connection
                .BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken).ConfigureAwait(false);

            // Scans begin at the first row, not where another's is; all rows are wanted, not the first soon.
            const string Settings = "SET TRANSACTION READ ONLY; SET LOCAL synchronize_seqscans = off; SET LOCAL cursor_tuple_fraction = 1";
            await Execute(connection, Settings, cancellationToken).ConfigureAwait(false);
            QueryShape shape = await QueryShape.Of(connection, query.Trim().TrimEnd(';'), options, cancellationToken).ConfigureAwait(false);
            QuerySample sample = await QuerySample.Of(connection, shape, options, cancellationToken).ConfigureAwait(false);
            return new PostgresFeatureSource(connection, transaction, shape, sample, options);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task Execute(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads a query by a cursor of its own: a reader for each batch, the last of which has no rows.</summary>
    private async IAsyncEnumerable<NpgsqlDataReader> Fetch(string select, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string cursor = $"gpukmeans_{++_readings}";
        await Execute(_connection, $"DECLARE {cursor} NO SCROLL CURSOR FOR {select}", cancellationToken).ConfigureAwait(false);
        try
        {
            using var fetch = new NpgsqlCommand($"FETCH FORWARD {_batchSize} FROM {cursor}", _connection) { CommandTimeout = 0 };
            for (bool any = true; any;)
            {
                NpgsqlDataReader reader = await fetch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    any = reader.HasRows;
                    yield return reader;
                }
            }
        }
        finally
        {
            // A transaction that has failed has closed it already.
            if (_connection.FullState == System.Data.ConnectionState.Open)
            {
                await Close(cursor).ConfigureAwait(false);
            }
        }
    }

    private async Task Close(string cursor)
    {
        try
        {
            await Execute(_connection, $"CLOSE {cursor}", CancellationToken.None).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InFailedSqlTransaction or PostgresErrorCodes.InvalidCursorName)
        {
        }
    }

    private sealed class QueryVectors(PostgresFeatureSource source) : VectorStream(source.Dimension, source.Count, canRepeat: true)
    {
        public override async IAsyncEnumerable<ReadOnlyMemory<float>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            float[] values = new float[source._batchSize * Dimension];
            long row = 0;
            await foreach (NpgsqlDataReader reader in source.Fetch(source._shape.SelectVectors, cancellationToken).ConfigureAwait(false))
            {
                int rows = 0;
                for (; await reader.ReadAsync(cancellationToken).ConfigureAwait(false); rows++)
                {
                    QueryRows.CopyVector(reader, 0, values.AsSpan(rows * Dimension, Dimension), row++);
                }

                yield return values.AsMemory(0, rows * Dimension);
            }
        }
    }
}
