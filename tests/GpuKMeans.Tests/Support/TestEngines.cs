using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;
using GpuKMeans.Tests.Cuda;

namespace GpuKMeans.Tests;

/// <summary>The engines that the shared suite runs on, by name: every CPU kernel of this machine, and CUDA in either precision.</summary>
internal static class TestEngines
{
    private const string Cuda = "cuda", CudaFloat32 = "cuda float32";

    private const string Coarse = " 16 bits";

    /// <summary>"avx512 ×1", "avx512 ×2", … for each kernel; "avx512 16 bits ×1", … where rows can be scored in 16 bits first.</summary>
    public static string[] Cpu { get; } =
    [
        .. CpuKernels.Available.SelectMany(kernel => new[] { 1, 2, 3 }.Select(threads => $"{kernel.Name} ×{threads}")),
        .. CpuKernels.Available.Where(kernel => kernel.HasCoarse)
            .SelectMany(kernel => new[] { 1, 2 }.Select(threads => $"{kernel.Name}{Coarse} ×{threads}")),
    ];

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
        string kernel = parts[0].Replace(Coarse, "", StringComparison.Ordinal);

        // However small the work is, it is shared: the shapes of tests are small.
        return new CpuEngine(
            int.Parse(parts[1]), CpuKernels.Choose(kernel), leastShared: 0, alwaysCoarse: kernel == parts[0] ? null : true);
    }

    /// <summary>Makes an engine that has the centres of a set.</summary>
    public static KMeansEngine Create(string name, TestSet set)
    {
        KMeansEngine engine = Create(name);
        engine.SetCenters(set.Centers, new double[set.Clusters], set.Frame);
        return engine;
    }
}
