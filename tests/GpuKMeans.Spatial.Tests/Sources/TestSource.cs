using System.Runtime.CompilerServices;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial.Tests.Sources;

/// <summary>Rows made as they are read: vectors in three heaps, points, and what a test does on the way.</summary>
internal sealed class TestSource(long rows, int batchRows = 100, bool canRepeat = true)
    : FeatureSource(2, rows, canRepeat, CoordinateReferenceSystem.Parse("EPSG:4326"))
{
    /// <summary>Is asked before each batch: the reading, from 1, and the batch's first row.</summary>
    public Action<int, long> OnBatch { get; init; } = (_, _) => { };

    /// <summary>The values of a batch, in place of the right ones: the reading, the batch's first row, the right ones.</summary>
    public Func<int, long, float[], float[]> Values { get; init; } = (_, _, values) => values;

    public int Readings { get; private set; }

    /// <summary>Readings that have not ended.</summary>
    public int Open { get; private set; }

    /// <summary>Rows given so far in the reading at hand.</summary>
    public long RowsGiven { get; private set; }

    public static float[] Vector(long row) => [(row % 3 * 100) + (row % 7), row % 5];

    public override async IAsyncEnumerable<FeatureBatch> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        int reading = ++Readings;
        Open++;
        RowsGiven = 0;
        try
        {
            for (long start = 0; start < Count; start += batchRows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                OnBatch(reading, start);
                await Task.Yield();
                long[] ids = [.. Enumerable.Range(0, (int)Math.Min(batchRows, Count.Value - start)).Select(i => start + i)];
                float[] values = Values(reading, start, [.. ids.SelectMany(Vector)]);
                RowsGiven += ids.Length;
                yield return FeatureBatch.Create(
                    ids,
                    values,
                    [.. ids.Select(id => id % 11 == 0 ? null : new Point(id % 360, id % 90))],
                    [FeatureColumn.Create("name", ids.Select(id => $"row {id}").ToArray())]);
            }
        }
        finally
        {
            Open--;
        }
    }
}
