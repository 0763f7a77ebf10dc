using GpuKMeans.Spatial.PostGis;
using Npgsql;

namespace GpuKMeans.Spatial;

/// <summary>Writes <see cref="ClusteredFeatures"/> to a table of a PostgreSQL database with PostGIS.</summary>
/// <remarks>
/// <para>
/// All is done in one transaction: rows go in by binary <c>COPY</c>, then come a GiST index and <c>ANALYZE</c>. On any
/// error or cancellation the database is as it was, and readers in other sessions never see part of the rows.
/// </para>
/// <para>
/// The table has <c>id</c> (text, integer, bigint or uuid), <c>cluster_id</c> (integer), the geometry when there is
/// one, and the further columns: bool as boolean, int as integer, long as bigint, float as real, double as double
/// precision, string as text, Guid as uuid, DateOnly as date, DateTimeOffset as timestamp with time zone, byte[] as
/// bytea. A DateTime column is a timestamp with time zone when its times are instants (Utc, or Local, which are
/// converted) and a timestamp without one when they are Unspecified; a mixture is refused. Times are cut to
/// microseconds, and the least and greatest values of the date types are written as −infinity and infinity. A column
/// is NOT NULL when its type cannot be null. There is no primary key: ids may repeat.
/// </para>
/// <para>
/// The geometry column has the one type that all geometries share, or Geometry when they differ, and Z when any has
/// it; a coordinate without Z then gets 0, as by <c>ST_Force3D</c>. M is refused. Its SRID is the reference system's
/// EPSG code; without one, the SRID that the geometries carry; else 0, which is unknown. A geometry that carries
/// another SRID is refused.
/// </para>
/// <para>
/// Names reach the server exactly as given, case and all. With <see cref="IfTableExists.Replace"/> the old table is
/// locked only for the moment of the swap, which waits for readers with an open transaction; a
/// <c>lock_timeout</c> in the connection's options bounds the wait.
/// </para>
/// <para>Safe to use from several threads at once: each export has a connection of its own.</para>
/// </remarks>
public sealed class PostGisExporter : IFeatureExporter
{
    private readonly Func<NpgsqlConnection> _connect;
    private readonly string _tableName;
    private readonly PostGisOptions _options;

    /// <summary>Makes an exporter that takes its connections from a data source.</summary>
    /// <param name="dataSource">Where connections come from. It stays the caller's to dispose.</param>
    /// <param name="tableName">The table's name without a schema, taken literally: at most 63 bytes in UTF-8.</param>
    /// <param name="options">How to write the table; null for the defaults.</param>
    /// <exception cref="ArgumentException">A name or an option is not allowed.</exception>
    public PostGisExporter(NpgsqlDataSource dataSource, string tableName, PostGisOptions? options = null)
        : this(tableName, options, Connector(dataSource))
    {
    }

    /// <summary>Makes an exporter that connects to a database by name.</summary>
    /// <param name="connection">
    /// An Npgsql connection string, or a URL as PostgreSQL's own clients take it:
    /// <c>postgresql://user:password@host:port/database?options</c>, where special characters are percent-encoded
    /// (<c>@</c> as <c>%40</c>), several hosts are separated by commas, a host may be an IPv6 address in brackets or
    /// the folder of a Unix socket (<c>%2Fvar%2Frun%2Fpostgresql</c>), and the options are libpq's, such as
    /// <c>sslmode</c>, <c>connect_timeout</c> and <c>application_name</c>.
    /// </param>
    /// <param name="tableName">The table's name without a schema, taken literally: at most 63 bytes in UTF-8.</param>
    /// <param name="options">How to write the table; null for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// The connection cannot be read, or a name or an option is not allowed. No message repeats a password.
    /// </exception>
    public PostGisExporter(string connection, string tableName, PostGisOptions? options = null)
        : this(tableName, options, Connector(connection))
    {
    }

    private PostGisExporter(string tableName, PostGisOptions? options, Func<NpgsqlConnection> connect)
    {
        SqlIdentifier.Check(tableName, nameof(tableName));
        _connect = connect;
        _tableName = tableName;
        _options = options ?? new PostGisOptions();
        _options.Validate();
    }

    /// <summary>Writes the features to the table.</summary>
    /// <param name="features">What to write.</param>
    /// <param name="cancellationToken">Stops the work, leaving the database as it was.</param>
    /// <exception cref="ArgumentException">A name or a value cannot be stored; found before connecting.</exception>
    /// <exception cref="InvalidOperationException">
    /// The database is not ready for the table: it exists already, does not fit, is something else, has dependents; or
    /// there is no such schema, or no PostGIS.
    /// </exception>
    /// <exception cref="NpgsqlException">The server cannot be reached, or refuses a statement.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled before the commit.</exception>
    public void Export(ClusteredFeatures features, CancellationToken cancellationToken = default)
    {
        // With async false all waiting is done in the driver: the task is complete, and nothing blocks on it.
        Write(features, async: false, cancellationToken).GetAwaiter().GetResult();
    }

    /// <summary>Writes the features to the table without blocking the caller.</summary>
    /// <inheritdoc cref="Export(ClusteredFeatures, CancellationToken)"/>
    public Task ExportAsync(ClusteredFeatures features, CancellationToken cancellationToken = default) =>
        Write(features, async: true, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// All batches go in by one <c>COPY</c> while the next are made. The geometry column has the type of the first batch's
    /// geometries; where a later batch has others, it is widened, in the same transaction and to what it would have been had
    /// all been known, at the cost of writing the rows again that are in it by then. A DateTime column is of instants or of
    /// times of no zone as the first batch has it. Memory: three batches.
    /// </remarks>
    /// <exception cref="InvalidOperationException">As for <see cref="Export"/>.</exception>
    /// <exception cref="NpgsqlException">The server cannot be reached, refuses a statement, or goes away.</exception>
    public async Task ExportAsync(IAsyncEnumerable<ClusteredFeatures> batches, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        var plans = new LoadPlans(_options.GeometryColumn, cancellationToken);
        IAsyncEnumerator<ClusteredFeatures> reader = Ahead.Of(batches, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (reader.ConfigureAwait(false))
        {
            LoadPlan first = await Next(null).ConfigureAwait(false) ?? throw SpatialErrors.NoBatches();
            await Load(first, before => Next(before), async: true, cancellationToken).ConfigureAwait(false);
        }

        async ValueTask<LoadPlan?> Next(LoadPlan? before) =>
            await reader.MoveNextAsync().ConfigureAwait(false) ? plans.For(reader.Current, before) : null;
    }

    private async Task Write(ClusteredFeatures features, bool async, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (async)
        {
            // Looking through all rows takes a while, which is not the caller's to wait for.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }

        LoadPlan plan = LoadPlan.For(features, _options.GeometryColumn, before: null, cancellationToken);
        await Load(plan, _ => default, async, cancellationToken).ConfigureAwait(false);
    }

    private async Task Load(LoadPlan first, Func<LoadPlan, ValueTask<LoadPlan?>> more, bool async, CancellationToken cancellationToken)
    {
        var session = new PostgresSession(_connect(), async, _options.CommandTimeout, cancellationToken);
        try
        {
            await new TableLoad(session, first, more, _tableName, _options).Run().ConfigureAwait(false);
        }
        catch (PostgresException e)
            when (e.SqlState == PostgresErrorCodes.QueryCanceled && cancellationToken.IsCancellationRequested)
        {
            throw PostGisErrors.Canceled(e, cancellationToken);
        }
        finally
        {
            await session.Close().ConfigureAwait(false);
        }
    }

    private static Func<NpgsqlConnection> Connector(NpgsqlDataSource dataSource)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        return dataSource.CreateConnection;
    }

    private static Func<NpgsqlConnection> Connector(string connection)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connection);
        string normalized = PostgresConnectionString.Normalize(connection);
        return () => new NpgsqlConnection(normalized);
    }
}
