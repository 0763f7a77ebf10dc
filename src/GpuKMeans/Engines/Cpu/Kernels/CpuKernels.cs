using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

/// <summary>Chooses the kernel: the widest the machine has, unless an environment variable names another.</summary>
internal static class CpuKernels
{
    /// <summary>The environment variable: "avx512", "avx2", "vector128" or "portable".</summary>
    public const string Variable = "GPUKMEANS_CPU_KERNEL";

    /// <summary>The kernels this machine can run, best first.</summary>
    public static IReadOnlyList<CpuKernel> Available { get; } = Supported().ToArray();

    public static CpuKernel Default { get; } = Choose(Environment.GetEnvironmentVariable(Variable));

    public static CpuKernel Choose(string? name) =>
        string.IsNullOrEmpty(name)
            ? Available[0]
            : Available.FirstOrDefault(k => k.Name == name) ?? throw KMeansErrors.UnknownKernel(
                Variable, name, string.Join(", ", Available.Select(k => k.Name)));

    private static IEnumerable<CpuKernel> Supported()
    {
        if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported)
        {
            yield return new Vector512Kernel();
        }

        if (Vector256.IsHardwareAccelerated && Avx2.IsSupported && Fma.IsSupported)
        {
            yield return new Vector256Kernel();
        }

        if (Vector128.IsHardwareAccelerated)
        {
            yield return new Vector128Kernel();
        }

        yield return new PortableKernel();
    }
}
