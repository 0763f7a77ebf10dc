using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;
using GpuKMeans.Tests.Cuda;

namespace GpuKMeans.Tests;

/// <summary>The engines that the shared suite runs on, by name: every CPU kernel of this machine, and CUDA in either precision.</summary>
internal static class TestEngines
{
    private const string Cuda = "cuda", CudaFloat32 = "cuda float32";

    /// <summary>"avx512 ×1", "avx512 ×2", … for each kernel.</summary>
    public static string[] Cpu { get; } =
        [.. CpuKernels.Available.SelectMany(kernel => new[] { 1, 2, 3 }.Select(threads => $"{kernel.Name} ×{threads}"))];

    public static string[] All { get; } = [.. Cpu, Cuda, CudaFloat32];

    public static TheoryData<string> Names => new(All);

    /// <summary>Makes an engine. Skips the test that asks for a device this machine lacks.</summary>
    public static KMeansEngine Create(string name)
    {
        if (name is Cuda or CudaFloat32)
        {
            return Gpu.Engine(name == Cuda ? Precision.Auto : Precision.Float32);
        }

        string[] parts = name.Split(" ×");

        // However small the work is, it is shared: the shapes of tests are small.
        return new CpuEngine(int.Parse(parts[1]), CpuKernels.Choose(parts[0]), leastShared: 0);
    }

    /// <summary>Makes an engine that has the centres of a set.</summary>
    public static KMeansEngine Create(string name, TestSet set)
    {
        KMeansEngine engine = Create(name);
        engine.SetCenters(set.Centers, new double[set.Clusters], set.Frame);
        return engine;
    }
}
