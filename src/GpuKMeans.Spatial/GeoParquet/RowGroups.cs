using System.Runtime.CompilerServices;

namespace GpuKMeans.Spatial;

/// <summary>Batches of any size, cut and joined into row groups of one size.</summary>
internal static class RowGroups
{
    /// <summary>Yields the rows in order, so many at a time; the last may be fewer, and there is one if there are no rows.</summary>
    /// <exception cref="ArgumentException">There is no batch, or batches differ in form.</exception>
    public static async IAsyncEnumerable<ClusteredFeatures> Of(
        IAsyncEnumerable<ClusteredFeatures> batches, int size, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        FeatureBuffer? buffer = null;
        long row = 0;
        bool any = false;
        await foreach (ClusteredFeatures batch in batches.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            buffer ??= new FeatureBuffer(batch);
            buffer.Check(batch, row);
            for (int start = 0; start < batch.Count;)
            {
                int count = Math.Min(batch.Count - start, size - buffer.Count);
                buffer.Add(batch, start, count);
                start += count;
                if (buffer.Count == size)
                {
                    any = true;
                    yield return buffer.Take();
                }
            }

            row += batch.Count;
        }

        if (buffer is null)
        {
            throw SpatialErrors.NoBatches();
        }

        if (buffer.Count > 0 || !any)
        {
            yield return buffer.Take();
        }
    }
}
