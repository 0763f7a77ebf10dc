using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NetTopologySuite.Geometries;
using Npgsql;

namespace GpuKMeans.Spatial;

/// <summary>
/// Clusters embeddings and ties each cluster to an id and a geometry: the whole way from vectors to a GeoParquet file or a
/// PostGIS table.
/// </summary>
/// <remarks>
/// <code>
/// var tool = new KMeansClusteringTool(clusterCount: 60);
/// ClusteredFeatures features = tool.Run(ids, embeddings, geometries);
/// tool.ExportToParquet(features, "clusters.parquet");
/// </code>
/// An instance is used by one thread at a time.
/// </remarks>
[SuppressMessage("Performance", "CA1822", Justification = "A tool is all that a caller needs to know.")]
public sealed class KMeansClusteringTool
{
    /// <summary>Makes a tool.</summary>
    /// <param name="options">What to cluster into and how.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it and the range.</exception>
    public KMeansClusteringTool(KMeansOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Estimator = new MiniBatchKMeans(options with { ComputeLabels = true });
    }

    /// <summary>Makes a tool with the default options but for these.</summary>
    /// <param name="clusterCount">The number of clusters.</param>
    /// <param name="batchSize">Rows a mini-batch step.</param>
    /// <param name="device">Where to compute.</param>
    public KMeansClusteringTool(int clusterCount = 8, int batchSize = 1024, Device device = default)
        : this(new KMeansOptions { ClusterCount = clusterCount, BatchSize = batchSize, Device = device })
    {
    }

    /// <summary>
    /// The estimator: after <see cref="Run"/> or <see cref="RunAsync"/> it holds the centres, the report, and the model to save.
    /// </summary>
    public MiniBatchKMeans Estimator { get; private set; }

    /// <summary>Clusters embeddings. Geometries are carried along; they have no influence on the clusters.</summary>
    /// <typeparam name="TId">The type of an id: string, int, long or Guid.</typeparam>
    /// <param name="ids">One id a row, none null.</param>
    /// <param name="embeddings">One vector a row.</param>
    /// <param name="geometries">One geometry a row, null where a row has none; or null when there is no geometry at all.</param>
    /// <param name="crs">
    /// The reference system of the geometries: a code that is built in, such as "EPSG:31983" (see
    /// <see cref="CoordinateReferenceSystem.Parse"/>), the text of a PROJJSON object, or null when it is not known. Whatever
    /// the system says, x is longitude or easting and y is latitude or northing, as in every GIS file.
    /// </param>
    /// <param name="columns">Further columns to carry along, one value a row.</param>
    /// <param name="weights">One weight a row, or empty for weights of 1.</param>
    /// <param name="progress">Is told how far clustering has come.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The rows, each with its cluster.</returns>
    /// <exception cref="ArgumentException">
    /// Numbers of rows differ, the reference system is unknown, or the embeddings are unfit; found before work starts. What
    /// only one target cannot take, such as geometries with M, is found when it is written.
    /// </exception>
    public ClusteredFeatures Run<TId>(
        IReadOnlyList<TId> ids,
        VectorSource embeddings,
        IReadOnlyList<Geometry?>? geometries = null,
        string? crs = "EPSG:4326",
        IReadOnlyList<FeatureColumn>? columns = null,
        ReadOnlyMemory<float> weights = default,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(embeddings);
        if (embeddings.Count != ids.Count)
        {
            throw SpatialErrors.LengthMismatch("embeddings", embeddings.Count, "ids", ids.Count, nameof(embeddings));
        }

        CoordinateReferenceSystem? system = CoordinateReferenceSystem.ParseOrNull(crs);

        // Made once before the work, so that what does not fit is refused at once.
        FeatureColumn<TId> idColumn = FeatureColumn.Create(ClusteredFeatures.IdColumn, ids);
        _ = new ClusteredFeatures(idColumn, new int[ids.Count], geometries, system, columns);

        UseEstimator(computeLabels: true);
        int[] labels = Estimator.FitPredict(embeddings, weights, progress, cancellationToken);
        return new ClusteredFeatures(idColumn, labels, geometries, system, columns);
    }

    /// <summary>Clusters rows that come a batch at a time, of which only a few are ever in memory.</summary>
    /// <param name="source">The rows, which can be read more than once: to train, and to label.</param>
    /// <param name="options">How the vectors are read in training; the defaults of <see cref="StreamOptions"/> when null.</param>
    /// <param name="progress">Is told how far clustering has come.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>
    /// The rows with their clusters, in batches as the source gives them. Nothing is done before they are asked for; training
    /// (<see cref="MiniBatchKMeans.FitAsync"/>) comes before the first batch. Hand it to an exporter, which writes batches as
    /// they come.
    /// </returns>
    /// <exception cref="ArgumentException">The source can be read only once, or a row is unfit; the message names it.</exception>
    public IAsyncEnumerable<ClusteredFeatures> RunAsync(
        FeatureSource source,
        StreamOptions? options = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.CanRepeat ? RunCore(source, options, progress, cancellationToken) : throw SpatialErrors.SourceReadOnce();
    }

    private async IAsyncEnumerable<ClusteredFeatures> RunCore(
        FeatureSource source,
        StreamOptions? options,
        IProgress<FitProgress>? progress,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Labels come with the rows: no reading for the inertia alone.
        UseEstimator(computeLabels: false);
        await Estimator.FitAsync(source.Vectors, options, progress, cancellationToken).ConfigureAwait(false);
        KMeansModel model = Estimator.Model;
        long start = Stopwatch.GetTimestamp(), rows = 0, total = Estimator.Report.RowCount;
        await foreach (FeatureBatch batch in Ahead.Of(source.ReadAsync(cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            batch.CheckVectors(source.Dimension, rows);
            int[] labels;
            try
            {
                labels = model.Predict(VectorSource.FromMemory(batch.Vectors, source.Dimension), cancellationToken);
            }
            catch (ArgumentException e)
            {
                throw SpatialErrors.InBatch(rows, e);
            }

            yield return new ClusteredFeatures(batch.Ids, labels, batch.Geometries, source.Crs, batch.Columns);
            rows += batch.Count;
            progress?.Report(new FitProgress(FitPhase.Labeling, 0, 0, rows, total, double.NaN)
            {
                Elapsed = Stopwatch.GetElapsedTime(start),
                RowsTimed = rows,
            });
        }

        if (rows != total)
        {
            throw SpatialErrors.SourceChanged(total, rows);
        }
    }

    private void UseEstimator(bool computeLabels)
    {
        if (Estimator.Options.ComputeLabels != computeLabels)
        {
            Estimator.Dispose();
            Estimator = new MiniBatchKMeans(Estimator.Options with { ComputeLabels = computeLabels });
        }
    }

    /// <summary>Writes features to a GeoParquet file as they come, replacing one that is there once the new one is complete.</summary>
    /// <param name="features">What to write, such as <see cref="RunAsync"/> yields.</param>
    /// <param name="path">The file.</param>
    /// <param name="options">How; the defaults of <see cref="GeoParquetOptions"/> when null.</param>
    /// <param name="cancellationToken">Stops the work, leaving the file as it was.</param>
    public Task ExportToParquetAsync(
        IAsyncEnumerable<ClusteredFeatures> features,
        string path,
        GeoParquetOptions? options = null,
        CancellationToken cancellationToken = default) =>
        new GeoParquetExporter(path, options).ExportAsync(features, cancellationToken);

    /// <summary>Writes features to a PostGIS table as they come, all or nothing.</summary>
    /// <param name="features">What to write, such as <see cref="RunAsync"/> yields.</param>
    /// <param name="tableName">The table, taken literally.</param>
    /// <param name="connection">An Npgsql connection string, or a <c>postgresql://user:password@host:port/db</c> URL.</param>
    /// <param name="options">How; the defaults of <see cref="PostGisOptions"/> when null, by which an existing table is refused.</param>
    /// <param name="cancellationToken">Stops the work, leaving the table as it was.</param>
    public Task ExportToPostGisAsync(
        IAsyncEnumerable<ClusteredFeatures> features,
        string tableName,
        string connection,
        PostGisOptions? options = null,
        CancellationToken cancellationToken = default) =>
        new PostGisExporter(connection, tableName, options).ExportAsync(features, cancellationToken);

    /// <summary>Writes features to a PostGIS table as they come, all or nothing.</summary>
    /// <param name="features">What to write, such as <see cref="RunAsync"/> yields.</param>
    /// <param name="tableName">The table, taken literally.</param>
    /// <param name="dataSource">Where connections come from; it stays the caller's.</param>
    /// <param name="options">How; the defaults of <see cref="PostGisOptions"/> when null, by which an existing table is refused.</param>
    /// <param name="cancellationToken">Stops the work, leaving the table as it was.</param>
    public Task ExportToPostGisAsync(
        IAsyncEnumerable<ClusteredFeatures> features,
        string tableName,
        NpgsqlDataSource dataSource,
        PostGisOptions? options = null,
        CancellationToken cancellationToken = default) =>
        new PostGisExporter(dataSource, tableName, options).ExportAsync(features, cancellationToken);

    /// <summary>Writes features to a GeoParquet file, replacing one that is there once the new one is complete.</summary>
    /// <param name="features">What to write.</param>
    /// <param name="path">The file.</param>
    /// <param name="options">How; the defaults of <see cref="GeoParquetOptions"/> when null.</param>
    /// <param name="cancellationToken">Stops the work, leaving the file as it was.</param>
    public void ExportToParquet(
        ClusteredFeatures features, string path, GeoParquetOptions? options = null, CancellationToken cancellationToken = default) =>
        new GeoParquetExporter(path, options).Export(features, cancellationToken);

    /// <inheritdoc cref="ExportToParquet"/>
    public Task ExportToParquetAsync(
        ClusteredFeatures features, string path, GeoParquetOptions? options = null, CancellationToken cancellationToken = default) =>
        new GeoParquetExporter(path, options).ExportAsync(features, cancellationToken);

    /// <summary>Writes features to a PostGIS table, all or nothing.</summary>
    /// <param name="features">What to write.</param>
    /// <param name="tableName">The table, taken literally.</param>
    /// <param name="connection">An Npgsql connection string, or a <c>postgresql://user:password@host:port/db</c> URL.</param>
    /// <param name="options">How; the defaults of <see cref="PostGisOptions"/> when null, by which an existing table is refused.</param>
    /// <param name="cancellationToken">Stops the work, leaving the table as it was.</param>
    public void ExportToPostGis(
        ClusteredFeatures features,
        string tableName,
        string connection,
        PostGisOptions? options = null,
        CancellationToken cancellationToken = default) =>
        new PostGisExporter(connection, tableName, options).Export(features, cancellationToken);

    /// <inheritdoc cref="ExportToPostGis(ClusteredFeatures, string, string, PostGisOptions, CancellationToken)"/>
    public Task ExportToPostGisAsync(
        ClusteredFeatures features,
        string tableName,
        string connection,
        PostGisOptions? options = null,
        CancellationToken cancellationToken = default) =>
        new PostGisExporter(connection, tableName, options).ExportAsync(features, cancellationToken);

    /// <summary>Writes features to a PostGIS table, all or nothing.</summary>
    /// <param name="features">What to write.</param>
    /// <param name="tableName">The table, taken literally.</param>
    /// <param name="dataSource">Where connections come from; it stays the caller's.</param>
    /// <param name="options">How; the defaults of <see cref="PostGisOptions"/> when null, by which an existing table is refused.</param>
    /// <param name="cancellationToken">Stops the work, leaving the table as it was.</param>
    public void ExportToPostGis(
        ClusteredFeatures features,
        string tableName,
        NpgsqlDataSource dataSource,
        PostGisOptions? options = null,
        CancellationToken cancellationToken = default) =>
        new PostGisExporter(dataSource, tableName, options).Export(features, cancellationToken);

    /// <inheritdoc cref="ExportToPostGis(ClusteredFeatures, string, NpgsqlDataSource, PostGisOptions, CancellationToken)"/>
    public Task ExportToPostGisAsync(
        ClusteredFeatures features,
        string tableName,
        NpgsqlDataSource dataSource,
        PostGisOptions? options = null,
        CancellationToken cancellationToken = default) =>
        new PostGisExporter(dataSource, tableName, options).ExportAsync(features, cancellationToken);
}
