using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;
using GpuKMeans.Tests.Cuda;

namespace GpuKMeans.Tests;

/// <summary>The engines that the shared suite runs on, by name: every CPU kernel of this machine, and CUDA.</summary>
internal static class TestEngines
{
    public const string Cuda = "cuda";

    /// <summary>"avx512 ×1", "avx512 ×2", … for each kernel.</summary>
    public static string[] Cpu { get; } =
        [.. CpuKernels.Available.SelectMany(kernel => new[] { 1, 2, 3 }.Select(threads => $"{kernel.Name} ×{threads}"))];

    public static string[] All { get; } = [.. Cpu, Cuda];

    public static TheoryData<string> Names => new(All);

    /// <summary>Makes an engine. Skips the test that asks for a device this machine lacks.</summary>
    public static KMeansEngine Create(string name)
    {
        if (name != Cuda)
        {
            string[] parts = name.Split(" ×");
            // However small the work is, it is shared: the shapes of tests are small.
            return new CpuEngine(int.Parse(parts[1]), CpuKernels.Choose(parts[0]), leastShared: 0);
        }

        return Gpu.Engine();
    }

    /// <summary>Makes an engine that has the centres of a set.</summary>
    public static KMeansEngine Create(string name, TestSet set)
    {
        KMeansEngine engine = Create(name);
        engine.SetCenters(set.Centers, new double[set.Clusters], set.Frame);
        return engine;
    }

    public static float[] Centers(this KMeansEngine engine, int clusters, int dimension)
    {
        float[] centers = new float[clusters * dimension];
        engine.GetCenters(centers);
        return centers;
    }

    public static double[] Counts(this KMeansEngine engine, int clusters)
    {
        double[] counts = new double[clusters];
        engine.GetCounts(counts);
        return counts;
    }

    public static long Find(this Seeding seeding, double share)
    {
        long[] row = new long[1];
        seeding.Find([share], row, new float[1]);
        return row[0];
    }
}
