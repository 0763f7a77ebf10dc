using GpuKMeans.Engines.Cpu;
using GpuKMeans.Engines.Cuda;

namespace GpuKMeans.Engines;

/// <summary>Makes the engine for a device.</summary>
internal static class EngineFactory
{
    /// <summary>Makes an engine; the caller disposes it.</summary>
    /// <param name="device">The device asked for.</param>
    /// <param name="threads">The most threads of the CPU engine; −1 for one a core.</param>
    /// <exception cref="PlatformNotSupportedException">A GPU was asked for that cannot be used; the message says why.</exception>
    public static KMeansEngine Create(Device device, int threads) =>
        device.IsCuda ? CudaEngine.Create(device.Index) : new CpuEngine(threads);
}
