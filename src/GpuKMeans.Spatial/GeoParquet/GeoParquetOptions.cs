namespace GpuKMeans.Spatial;

/// <summary>How a <see cref="GeoParquetExporter"/> writes its file.</summary>
public sealed record GeoParquetOptions
{
    /// <summary>How pages are compressed. Default: <see cref="ParquetCompression.Gzip"/>.</summary>
    public ParquetCompression Compression { get; init; } = ParquetCompression.Gzip;

    /// <summary>
    /// Rows in a row group, at least 1: what readers skip or read as one. Smaller groups let a query for a window skip
    /// more, and make the file larger. Default: 100,000.
    /// </summary>
    public int RowGroupSize { get; init; } = 100_000;

    /// <summary>
    /// Whether a column "bbox" with the box of each geometry is written, so that readers can skip rows outside a window
    /// without decoding geometries. Its double-precision fields are xmin, ymin, xmax and ymax; it is null where the
    /// geometry is null, and its fields are null where the geometry is empty. Default: true.
    /// </summary>
    public bool BboxCovering { get; init; } = true;

    /// <summary>The name of the column of geometries. Default: <see cref="ClusteredFeatures.GeometryColumn"/>.</summary>
    public string GeometryColumn { get; init; } = ClusteredFeatures.GeometryColumn;

    /// <summary>
    /// Whether a file that is there already is replaced, once the new one is complete; if not, that is an
    /// <see cref="IOException"/>. Default: true.
    /// </summary>
    public bool Overwrite { get; init; } = true;

    internal void Validate()
    {
        if (!Enum.IsDefined(Compression))
        {
            throw SpatialErrors.UnknownCompression(Compression);
        }

        if (RowGroupSize < 1)
        {
            throw SpatialErrors.RowGroupTooSmall(RowGroupSize);
        }

        if (string.IsNullOrEmpty(GeometryColumn))
        {
            throw SpatialErrors.EmptyGeometryColumn();
        }
    }
}
