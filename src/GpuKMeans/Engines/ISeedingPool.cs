namespace GpuKMeans.Engines;

/// <summary>
/// A <see cref="Seeding"/> that measures the distances from all rows to many candidates in one pass, to be evaluated over
/// the next steps: reading the data is what k-means++ costs.
/// </summary>
internal interface ISeedingPool
{
    /// <summary>The number of rows worth preparing at once: as many as memory allows, some 4 bytes a row of data each.</summary>
    int PoolSize { get; }

    /// <summary>Measures the distances from all rows to these, and forgets those measured before.</summary>
    /// <param name="rows">The rows that will be evaluated.</param>
    void Prepare(ReadOnlySpan<long> rows);

    /// <summary>A row's D²: its squared distance to the nearest centre chosen so far.</summary>
    float SquaredDistance(long row);
}
