namespace GpuKMeans.Spatial.Parquet;

/// <summary>What the footer says of one column of one row group.</summary>
/// <param name="Leaf">The column.</param>
/// <param name="Rows">Its rows, nulls among them.</param>
/// <param name="Offset">Where its first page lies.</param>
/// <param name="DictionarySize">The size of the dictionary's page, which is the first; 0 where there is none.</param>
/// <param name="CompressedSize">The size of its pages, with their headers.</param>
/// <param name="UncompressedSize">The same before compression.</param>
/// <param name="Statistics">What is known of its values.</param>
internal sealed record ColumnChunk(
    ParquetLeaf Leaf,
    long Rows,
    long Offset,
    long DictionarySize,
    long CompressedSize,
    long UncompressedSize,
    ColumnStatistics Statistics);
