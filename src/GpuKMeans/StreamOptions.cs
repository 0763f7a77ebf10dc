namespace GpuKMeans;

/// <summary>How a <see cref="VectorStream"/> is read. Immutable.</summary>
public sealed record StreamOptions
{
    /// <summary>
    /// The most bytes that rows take in memory: two blocks, of which one is worked on while the next is read. Default
    /// 256 MB. At least two batches must fit. What a fit needs besides the rows is said at <see cref="MiniBatchKMeans"/>;
    /// a GPU holds one block.
    /// </summary>
    /// <remarks>
    /// Rows are shuffled within their block, so that the limit has its part in the result: the same limit gives the same
    /// bits. A larger one mixes rows better.
    /// </remarks>
    public long MemoryLimit { get; init; } = 256L << 20;

    /// <summary>The rows of a block: a whole number of batches.</summary>
    /// <param name="dimension">Values a row.</param>
    /// <param name="batchSize">Rows a batch.</param>
    /// <param name="leastRows">The rows that must have room, such as one a cluster.</param>
    internal int BlockRows(int dimension, int batchSize, int leastRows)
    {
        int least = Math.Max(batchSize, leastRows);
        // Twice the values; and once, a row's label, its distance, its bound and where it lies.
        long rowBytes = (2L * dimension * sizeof(float)) + 20;
        long rows = Math.Min(MemoryLimit / rowBytes, Array.MaxLength / dimension);
        return rows >= least
            ? (int)(rows / batchSize * batchSize)
            : throw KMeansErrors.MemoryTooSmall(MemoryLimit, rowBytes * least);
    }
}
