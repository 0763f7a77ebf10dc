using GpuKMeans.Spatial.Parquet;

namespace GpuKMeans.Spatial;

/// <summary>Writes features to a GeoParquet 1.1 file.</summary>
/// <remarks>
/// <para>
/// Columns: id, cluster_id, the further columns, the geometries as ISO WKB, and the box of each as "bbox". Features
/// with no geometries at all make a plain Parquet file. Geometries have X as longitude or easting and Y as latitude or
/// northing, whatever the order of axes in the reference system, as the GeoParquet specification has it. A geometry is
/// written with Z when any of its coordinates has one; M, curves and coordinates that are not finite are refused.
/// </para>
/// <para>
/// A <see cref="DateTime"/> column is written as instants in UTC when its values are of kind Utc or Local, and as times
/// of an unknown zone when they are Unspecified; both in one column are refused. Times are cut to the microsecond.
/// </para>
/// <para>
/// The file is written under a temporary name in the target's folder and renamed over the target when it is complete
/// and on disk: whatever fails, the file that was there before stays as it was. A process that is killed on the way may
/// leave a file ".gpukmeans-….tmp" behind, which can be deleted. Memory: one page, and some numbers for
/// each row of one row group. An instance keeps no state between calls, and may be used by several threads.
/// </para>
/// </remarks>
public sealed class GeoParquetExporter : IFeatureExporter
{
    private readonly GeoParquetOptions _options;

    /// <summary>An exporter to a file.</summary>
    /// <param name="path">The file, in a folder that exists; by custom it ends in ".parquet".</param>
    /// <param name="options">How to write it; null for the defaults.</param>
    /// <exception cref="ArgumentException">The path is empty, or an option is out of its range.</exception>
    public GeoParquetExporter(string path, GeoParquetOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        _options = options ?? new GeoParquetOptions();
        _options.Validate();
        FilePath = Path.GetFullPath(path);
    }

    /// <summary>The full path of the file.</summary>
    public string FilePath { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The features cannot be written; the message names the column or the row.</exception>
    /// <exception cref="IOException">The file cannot be written, or is there and not to be overwritten.</exception>
    public void Export(ClusteredFeatures features, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (_options.SpatialOrder)
        {
            features = HilbertOrder.Sort(features);
        }

        var table = new GeoParquetTable(features, _options);
        using var file = AtomicFile.Create(FilePath, _options.Overwrite, asynchronous: false);
        var writer = new ParquetFileWriter(file.Stream, table.Schema, _options.Compression);
        foreach ((int start, int count) in table.RowGroups())
        {
            writer.WriteRowGroup(table.Columns, start, count, cancellationToken);
        }

        writer.Finish(table.Metadata(), cancellationToken);
        file.Commit();
    }

    /// <inheritdoc/>
    /// <remarks>Encoding and compression run on the thread pool; the file is written asynchronously.</remarks>
    /// <exception cref="ArgumentException">The features cannot be written; the message names the column or the row.</exception>
    /// <exception cref="IOException">The file cannot be written, or is there and not to be overwritten.</exception>
    public Task ExportAsync(ClusteredFeatures features, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(features);
        return Task.Run(() => ExportCoreAsync(features, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Row groups are encoded and written while the next are made. A DateTime column is of instants or of times of no zone
    /// as the first row group that is written has it. Memory: three row groups, and with
    /// <see cref="GeoParquetOptions.SpatialOrder"/> what is said there.
    /// </remarks>
    /// <exception cref="IOException">The file cannot be written, or is there and not to be overwritten.</exception>
    public Task ExportAsync(IAsyncEnumerable<ClusteredFeatures> batches, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        return Task.Run(() => ExportCoreAsync(batches, cancellationToken), cancellationToken);
    }

    private async Task ExportCoreAsync(ClusteredFeatures features, CancellationToken cancellationToken)
    {
        if (_options.SpatialOrder)
        {
            features = HilbertOrder.Sort(features);
        }

        var table = new GeoParquetTable(features, _options);
        using var file = AtomicFile.Create(FilePath, _options.Overwrite, asynchronous: true);
        var writer = new ParquetFileWriter(file.Stream, table.Schema, _options.Compression);
        foreach ((int start, int count) in table.RowGroups())
        {
            await writer.WriteRowGroupAsync(table.Columns, start, count, cancellationToken).ConfigureAwait(false);
        }

        await Finish(file, writer, table, cancellationToken).ConfigureAwait(false);
    }

    private async Task ExportCoreAsync(IAsyncEnumerable<ClusteredFeatures> batches, CancellationToken cancellationToken)
    {
        using var file = AtomicFile.Create(FilePath, _options.Overwrite, asynchronous: true);
        using HilbertSorter? sorter = _options.SpatialOrder ? new HilbertSorter(Path.GetDirectoryName(file.Target)!, _options) : null;
        IAsyncEnumerable<ClusteredFeatures> ordered = sorter is null ? batches : sorter.Sort(batches, cancellationToken);
        var summary = new GeometrySummary();
        ParquetFileWriter? writer = null;
        GeoParquetTable? first = null;
        long row = 0;
        await foreach (ClusteredFeatures group in Ahead.Of(RowGroups.Of(ordered, _options.RowGroupSize, cancellationToken), cancellationToken)
            .ConfigureAwait(false))
        {
            try
            {
                var table = new GeoParquetTable(group, _options, summary);
                first ??= table;
                writer ??= new ParquetFileWriter(file.Stream, table.Schema, _options.Compression);
                CheckTimes(first, table);
                foreach ((int start, int count) in table.RowGroups())
                {
                    await writer.WriteRowGroupAsync(table.Columns, start, count, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (ArgumentException e)
            {
                throw SpatialErrors.InBatch(row, e);
            }

            row += group.Count;
        }

        await Finish(file, writer!, first!, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Finish(AtomicFile file, ParquetFileWriter writer, GeoParquetTable table, CancellationToken cancellationToken)
    {
        await writer.FinishAsync(table.Metadata(), cancellationToken).ConfigureAwait(false);
        await file.Stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        file.Commit();
    }

    // All else is the same where batches have one form; whether a DateTime is an instant is for the values to say.
    private static void CheckTimes(GeoParquetTable first, GeoParquetTable table)
    {
        for (int i = 0; i < table.Columns.Count; i++)
        {
            if (table.Columns[i].Leaf.Type != first.Columns[i].Leaf.Type)
            {
                throw SpatialErrors.TimesDiffer(table.Columns[i].Leaf.Name);
            }
        }
    }
}
