using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Measure;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    public static string Description { get; } =
        $"{Processor()}, {Environment.ProcessorCount} logical cores, {Vectors()}, "
        + $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}";

    private static string Processor()
    {
        const string Info = "/proc/cpuinfo";
        string? model = File.Exists(Info)
            ? File.ReadLines(Info).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return model?.Split(':')[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static string Vectors() =>
        Vector512.IsHardwareAccelerated ? "512-bit vectors" : Vector256.IsHardwareAccelerated ? "256-bit vectors" : "128-bit vectors";
}
