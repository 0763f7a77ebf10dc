using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;
using GpuKMeans.Engines.Cuda;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Tests.Cuda;

/// <summary>What the tests on a GPU share: the engine, or the reason to skip; data; and the oracle.</summary>
internal static class Gpu
{
    /// <summary>The engine on the first GPU. Skips the test where there is none: see <see cref="SkipWithoutOne"/>.</summary>
    public static CudaEngine Engine(Precision precision = Precision.Auto)
    {
        SkipWithoutOne();
        return CudaEngine.Create(0, precision);
    }

    /// <summary>Skips the test where there is no GPU, unless GPUKMEANS_REQUIRE_CUDA is set.</summary>
    public static void SkipWithoutOne()
    {
        if (Environment.GetEnvironmentVariable("GPUKMEANS_REQUIRE_CUDA") is null && CudaDriver.WhyUnavailable(0) is { } reason)
        {
            Assert.Skip(reason.Message);
        }
    }

    /// <summary>Has the engine assign in each of the ways it has, and names it.</summary>
    public static IEnumerable<string> Ways(CudaEngine engine)
    {
        engine.UseFew = true;
        foreach (bool hopper in new[] { true, false })
        {
            engine.UseHopper = hopper;
            yield return $"Hopper {hopper}, few centres by themselves";
        }

        engine.UseFew = false;
        long most = engine.MostScannedValues;
        foreach (bool hopper in new[] { true, false })
        {
            foreach ((bool batches, long scanned) in new[] { (true, most), (false, most), (false, 0L) })
            {
                (engine.UseHopper, engine.AssignsBatches, engine.MostScannedValues) = (hopper, batches, scanned);
                yield return $"Hopper {hopper}, batches {batches}, {scanned} values scanned";
            }
        }
    }

    public static RowFrame Frame(float[] rows, int dimension, bool normalize = false)
    {
        // The mean, as the algorithms take it; of unit rows it is near enough to zero.
        float[] origin = new float[dimension];
        int n = rows.Length / dimension;
        for (int d = 0; d < dimension && !normalize; d++)
        {
            double sum = 0;
            for (int i = 0; i < n; i++)
            {
                sum += rows[(i * dimension) + d];
            }

            origin[d] = (float)(sum / n);
        }

        return new RowFrame(origin, normalize);
    }

    public static float[] Normal(int count, int dimension, int seed, double scale = 1, double offset = 0)
    {
        var random = new Random(seed);
        float[] values = new float[count * dimension];
        for (int i = 0; i < values.Length; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = (float)(offset + (scale * radius * Math.Cos(2 * Math.PI * random.NextDouble())));
        }

        return values;
    }

    /// <summary>Rows around centres of their own.</summary>
    public static float[] Blobs(int count, int dimension, int blobs, int seed, double spread = 0.5)
    {
        float[] centers = Normal(blobs, dimension, seed), rows = Normal(count, dimension, seed + 1, spread);
        var random = new Random(seed + 2);
        for (int i = 0; i < count; i++)
        {
            int blob = random.Next(blobs);
            for (int d = 0; d < dimension; d++)
            {
                rows[(i * dimension) + d] += centers[(blob * dimension) + d];
            }
        }

        return rows;
    }

    /// <summary>Some of the rows, as centres.</summary>
    public static float[] Pick(float[] rows, int dimension, int count, int seed)
    {
        var random = new Random(seed);
        int n = rows.Length / dimension;
        float[] picked = new float[count * dimension];
        for (int k = 0; k < count; k++)
        {
            rows.AsSpan(random.Next(n) * dimension, dimension).CopyTo(picked.AsSpan(k * dimension));
        }

        return picked;
    }

    /// <summary>The lowest-numbered centre at the least float64 distance.</summary>
    public static unsafe int[] Oracle(float[] rows, float[] centers, int dimension)
    {
        int[] labels = new int[rows.Length / dimension];
        Parallel.For(0, labels.Length, i =>
        {
            fixed (float* x = rows, c = centers)
            {
                double nearest = double.PositiveInfinity;
                for (int k = 0; k < centers.Length / dimension; k++)
                {
                    double distance = Distance.SquaredExact(x + (i * (long)dimension), c + (k * (long)dimension), dimension);
                    if (distance < nearest)
                    {
                        (nearest, labels[i]) = (distance, k);
                    }
                }
            }
        });
        return labels;
    }

    /// <summary>Labels, distances and inertia by an engine.</summary>
    public static (int[] Labels, float[] Distances, double Inertia) Assign(
        KMeansEngine engine, float[] rows, float[] centers, int dimension, RowFrame? frame = null, float[]? weights = null)
    {
        frame ??= Frame(rows, dimension);
        using VectorSource source = VectorSource.FromMemory(rows, dimension);
        using EngineData data = engine.Load(source, weights, frame);
        engine.SetCenters(centers, new double[centers.Length / dimension], frame);
        int[] labels = new int[rows.Length / dimension];
        float[] distances = new float[labels.Length];
        labels.AsSpan().Fill(-1);
        return (labels, distances, engine.Assign(data, 0, labels, distances));
    }

    public static void Same<T>(T[] expected, T[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (!EqualityComparer<T>.Default.Equals(expected[i], actual[i]))
            {
                int wrong = Enumerable.Range(0, expected.Length).Count(j => !EqualityComparer<T>.Default.Equals(expected[j], actual[j]));
                Assert.Fail($"{what}: {wrong} of {expected.Length} differ, first at {i}: {expected[i]} was expected, not {actual[i]}.");
            }
        }
    }
}
