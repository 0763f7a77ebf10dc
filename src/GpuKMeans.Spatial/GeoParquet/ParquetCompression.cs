namespace GpuKMeans.Spatial;

/// <summary>How the pages of a Parquet file are compressed. The numbers are those of the format.</summary>
public enum ParquetCompression
{
    /// <summary>Not at all: the fastest to write, and the largest.</summary>
    Uncompressed = 0,

    /// <summary>Snappy: fast, and understood by every reader.</summary>
    Snappy = 1,

    /// <summary>Gzip: the smallest, and understood by every reader.</summary>
    Gzip = 2,
}
