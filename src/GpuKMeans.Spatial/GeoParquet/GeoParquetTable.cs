using GpuKMeans.Spatial.Parquet;

namespace GpuKMeans.Spatial;

/// <summary>Features as the columns of a file: ids, cluster ids, further columns, geometries and their boxes.</summary>
internal sealed class GeoParquetTable
{
    private readonly ClusteredFeatures _features;
    private readonly GeoParquetOptions _options;
    private readonly GeometrySummary _summary;
    private readonly BboxCovering? _covering;
    private readonly List<ParquetColumn> _columns;

    /// <summary>Lays out the columns.</summary>
    /// <param name="features">The rows.</param>
    /// <param name="options">How to write them.</param>
    /// <param name="summary">Is told of the geometries as they are written; may know of others already.</param>
    /// <exception cref="ArgumentException">A name is taken, or a column's values do not fit one type.</exception>
    public GeoParquetTable(ClusteredFeatures features, GeoParquetOptions options, GeometrySummary? summary = null)
    {
        _features = features;
        _summary = summary ?? new GeometrySummary();
        _options = options;
        CheckNames();
        _columns = [FeatureColumnEncoder.Create(features.Ids, required: true), FeatureColumnEncoder.Create(features.ClusterIds)];
        _columns.AddRange(features.Columns.Select(c => FeatureColumnEncoder.Create(c)));
        if (features.Geometries is not null)
        {
            // The boxes are taken down as the geometries are written, hence their order.
            _covering = options.BboxCovering ? new BboxCovering() : null;
            var leaf = new ParquetLeaf(options.GeometryColumn, IsOptional: true, ParquetType.Binary);
            _columns.Add(new GeometryColumn(leaf, features.Geometries, _summary, _covering));
            _columns.AddRange(_covering?.Columns ?? []);
        }

        Schema = new ParquetSchema([.. _columns.Select(c => c.Leaf)]);
    }

    public ParquetSchema Schema { get; }

    public IReadOnlyList<ParquetColumn> Columns => _columns;

    /// <summary>The rows of each row group; while one is taken, the boxes kept are its own.</summary>
    public IEnumerable<(int Start, int Count)> RowGroups()
    {
        for (long start = 0; start < _features.Count; start += _options.RowGroupSize)
        {
            _covering?.BeginRowGroup((int)start);
            yield return ((int)start, (int)Math.Min(_options.RowGroupSize, _features.Count - start));
        }
    }

    /// <summary>The file's metadata, known once all rows are written.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata() => _features.Geometries is null
        ? []
        : [new(GeoMetadata.Key, GeoMetadata.Write(_options.GeometryColumn, _summary, _features.Crs, _covering is not null))];

    private void CheckNames()
    {
        if (_features.Geometries is null)
        {
            return;
        }

        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
        {
            ClusteredFeatures.IdColumn, ClusteredFeatures.ClusterIdColumn,
        };
        if (_options.BboxCovering)
        {
            taken.Add(BboxCovering.Name);
        }

        if (!taken.Add(_options.GeometryColumn))
        {
            throw SpatialErrors.ReservedGeometryColumn(_options.GeometryColumn, taken);
        }

        foreach (FeatureColumn column in _features.Columns)
        {
            if (taken.Contains(column.Name))
            {
                throw SpatialErrors.ReservedColumn(column.Name, taken);
            }
        }
    }
}
