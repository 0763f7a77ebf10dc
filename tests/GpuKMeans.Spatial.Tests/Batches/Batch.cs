namespace GpuKMeans.Spatial.Tests.Batches;

/// <summary>Features cut into batches.</summary>
internal static class Batch
{
    /// <summary>Rows from one on, so many of them.</summary>
    public static ClusteredFeatures Of(ClusteredFeatures features, int start, int count) => new(
        Slice(features.Ids, start, count),
        [.. features.ClusterIds.Values.Skip(start).Take(count)],
        features.Geometries is null ? null : [.. features.Geometries.Skip(start).Take(count)],
        features.Crs,
        [.. features.Columns.Select(column => Slice(column, start, count))]);

    /// <summary>Batches of given sizes, over and over until all rows are in one.</summary>
    public static async IAsyncEnumerable<ClusteredFeatures> Cut(ClusteredFeatures features, params int[] sizes)
    {
        for (int start = 0, i = 0; start < features.Count; i++)
        {
            int count = Math.Min(sizes[i % sizes.Length], features.Count - start);
            yield return Of(features, start, count);
            start += count;
            await Task.Yield();
        }
    }

    /// <summary>Batches one after another, and then, if there is one, an error.</summary>
    public static async IAsyncEnumerable<ClusteredFeatures> Then(Exception? error, params ClusteredFeatures[] batches)
    {
        foreach (ClusteredFeatures batch in batches)
        {
            yield return batch;
            await Task.Yield();
        }

        if (error is not null)
        {
            throw error;
        }
    }

    private static FeatureColumn Slice(FeatureColumn column, int start, int count) => column switch
    {
        FeatureColumn<int> c => Typed(c, start, count),
        FeatureColumn<string> c => Typed(c, start, count),
        FeatureColumn<double?> c => Typed(c, start, count),
        FeatureColumn<DateTime> c => Typed(c, start, count),
        FeatureColumn<Guid> c => Typed(c, start, count),
        FeatureColumn<byte[]> c => Typed(c, start, count),
        FeatureColumn<DateTimeOffset?> c => Typed(c, start, count),
        _ => throw new NotSupportedException(column.ElementType.Name),
    };

    private static FeatureColumn<T> Typed<T>(FeatureColumn<T> column, int start, int count) =>
        FeatureColumn.Create(column.Name, column.Values.Skip(start).Take(count).ToArray());
}
