using GpuKMeans.Engines;

namespace GpuKMeans.Tests;

/// <summary>The farthest rows are those that come first when all are sorted.</summary>
public sealed class FarthestRowsTests
{
    [Theory]
    [InlineData(1, 1, 1000)]
    [InlineData(5, 10, 2)]
    [InlineData(5000, 1, 1000)]
    [InlineData(5000, 700, 1000)]
    [InlineData(5000, 4999, 64)]
    [InlineData(5000, 9000, 5000)]
    [InlineData(50000, 1500, 1 << 20)]
    public void They_are_the_first_of_all_sorted(int rows, int most, int part)
    {
        // Few values, so that many are equally far, and of any order.
        var random = new Random(rows + most);
        foreach (int values in (int[])[2, 50, 1 << 20])
        {
            float[] drawn = [.. Enumerable.Range(0, rows).Select(_ => random.Next(values) * 0.25f)];
            foreach (float[] distances in (float[][])[drawn, [.. drawn.Order()], [.. drawn.OrderDescending()]])
            {
                float[] weights = [.. Enumerable.Range(0, rows).Select(_ => (float)random.Next(4))];
                Assert.Equal(Sorted(distances, null, most), Find(distances, null, most, part));
                Assert.Equal(Sorted(distances, weights, most), Find(distances, weights, most, part));
            }
        }
    }

    [Fact]
    public void Infinity_is_farthest_and_no_number_and_zeros_are_nowhere() =>
        Assert.Equal(
            [4L, 2, 5], Find([0, float.NaN, 3, -0f, float.PositiveInfinity, float.Epsilon], null, most: 6, part: 4));

    private static long[] Sorted(float[] distances, float[]? weights, int most) =>
        [.. Enumerable.Range(0, distances.Length)
            .Where(i => distances[i] > 0 && (weights is null || weights[i] > 0))
            .OrderByDescending(i => distances[i]).Take(most).Select(i => (long)i)];

    private static long[] Find(float[] distances, float[]? weights, int most, int part)
    {
        var farthest = new FarthestRows(most, distances.Length);
        for (int start = 0; start < distances.Length; start += part)
        {
            int count = Math.Min(part, distances.Length - start);
            farthest.Add(distances.AsSpan(start, count), weights is null ? default : weights.AsSpan(start, count));
        }

        return farthest.InOrder();
    }
}
