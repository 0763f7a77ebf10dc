namespace GpuKMeans.Spatial;

/// <summary>How a <see cref="GeoParquetExporter"/> writes its file.</summary>
public sealed record GeoParquetOptions
{
    private const long LeastSortMemory = 16L << 20;

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

    /// <summary>
    /// Whether rows are written in the order of a Hilbert curve through the middles of their geometries' boxes, so that
    /// neighbours share a row group and a query for a window skips most groups. Rows without a geometry come first; rows at
    /// one place keep their order. Default: false, the order given.
    /// </summary>
    /// <remarks>
    /// Features given as a whole are sorted in memory. Batches are sorted through temporary files in the target's folder,
    /// some 50 bytes a row with a point, which are removed in any case but a killed process.
    /// </remarks>
    public bool SpatialOrder { get; init; }

    /// <summary>
    /// About the most bytes that rows take in memory while batches are sorted: 16 MB or more. Default: 256 MB.
    /// </summary>
    public long SortMemory { get; init; } = 256L << 20;

    internal void Validate()
    {
        if (SortMemory < LeastSortMemory)
        {
            throw SpatialErrors.SortMemoryTooSmall(SortMemory, LeastSortMemory);
        }

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
