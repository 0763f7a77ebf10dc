using System.Collections.Concurrent;
using GpuKMeans.Engines;

namespace GpuKMeans.Tests;

/// <summary>Rows and centres of many kinds, the same ones from the same seed.</summary>
internal static class TestData
{
    private static readonly ConcurrentDictionary<(string, int, int, int), TestSet> _sets = new();

    /// <summary>Every kind that <see cref="Get"/> knows.</summary>
    public static string[] Kinds { get; } =
        ["gaussian", "uniform", "blobs", "duplicates", "grid", "offset 1e6", "offset 1e7", "heavy tails", "tight and far"];

    /// <summary>A set made once and shared: do not change it.</summary>
    public static TestSet Get(string kind, int n, int d, int k) =>
        _sets.GetOrAdd((kind, n, d, k), _ => Make(kind, n, d, k, (n * 31) + (d * 7) + k));

    public static TestSet Make(string kind, int n, int d, int k, int seed)
    {
        var random = new Random(seed);
        float[] rows = kind switch
        {
            "gaussian" => Values(n * d, _ => Gauss(random)),
            "uniform" => Values(n * d, _ => random.NextDouble()),
            "blobs" => Blobs(random, n, d, k, distance: 10, spread: 1),
            "duplicates" => Repeated(random, n, d, distinct: Math.Min(n, 5)),

            // Sums of squares of small integers are exact in any order: equal distances are equal to the bit.
            "grid" => Values(n * d, _ => random.Next(-2, 3)),
            "offset 1e6" => Values(n * d, _ => 1e6 + (10 * Gauss(random))),
            "offset 1e7" => Values(n * d, _ => 1e7 + (10 * Gauss(random))),
            "heavy tails" => Oracle.Normalized(Values(n * d, _ => Math.Pow(Gauss(random), 3) + 1e-6), d),

            // The mean is far from all rows, so x·c and ‖c‖² are huge beside the distances they differ by.
            "tight and far" => Blobs(random, n, d, 4, distance: 1e4, spread: 0.01),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such kind"),
        };
        float[] weights = Values(n, _ => random.Next(0, 4) * 0.5);
        return new TestSet(d, rows, Centers(kind, random, rows, d, k), weights);
    }

    public static double Gauss(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    public static float[] Values(int count, Func<int, double> value)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (float)value(i);
        }

        return values;
    }

    /// <summary>Rows around <paramref name="count"/> places, row i around place i modulo that.</summary>
    public static float[] Blobs(Random random, int n, int d, int count, double distance, double spread)
    {
        float[] places = Values(count * d, _ => distance * Gauss(random));
        return Values(n * d, i => places[(i / d % count * d) + (i % d)] + (spread * Gauss(random)));
    }

    private static float[] Repeated(Random random, int n, int d, int distinct)
    {
        float[] few = Values(distinct * d, _ => Gauss(random));
        int[] which = [.. Enumerable.Range(0, n).Select(_ => random.Next(distinct))];
        return Values(n * d, i => few[(which[i / d] * d) + (i % d)]);
    }

    // Rows, every third a little moved and every fifth a copy of the centre before; on a grid, rows and their halves.
    private static float[] Centers(string kind, Random random, float[] rows, int d, int k)
    {
        float[] centers = new float[k * d];
        for (int j = 0; j < k; j++)
        {
            Span<float> center = centers.AsSpan(j * d, d);
            Oracle.Row(rows, random.Next(rows.Length / d), d).CopyTo(center);
            if (j % 5 == 4)
            {
                centers.AsSpan((j - 1) * d, d).CopyTo(center);
            }
            else if (j % 3 == 2)
            {
                foreach (ref float value in center)
                {
                    value = kind == "grid" ? value / 2 : (float)(value + (0.01 * Gauss(random)));
                }
            }
        }

        return centers;
    }
}

/// <summary>Rows, centres and weights that belong together.</summary>
internal sealed record TestSet(int Dimension, float[] Rows, float[] Centers, float[] Weights)
{
    private readonly Lazy<(int[] Labels, double[] Squares)> _nearest = new(() => Oracle.Nearest(Rows, Centers, Dimension));

    public int Count => Rows.Length / Dimension;

    public int Clusters => Centers.Length / Dimension;

    public VectorSource Source => VectorSource.FromMemory(Rows, Dimension);

    public RowFrame Frame => new(Oracle.Mean(Rows, Dimension), Normalize: false);

    public float[,] Array => ToArray(Rows, Dimension);

    public int[] Labels => _nearest.Value.Labels;

    public double[] Squares => _nearest.Value.Squares;

    public static float[,] ToArray(float[] rows, int dimension)
    {
        float[,] array = new float[rows.Length / dimension, dimension];
        Buffer.BlockCopy(rows, 0, array, 0, rows.Length * sizeof(float));
        return array;
    }
}
