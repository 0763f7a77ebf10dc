using GpuKMeans.Engines.Cpu;

namespace GpuKMeans.Engines;

/// <summary>Makes the engine for a device.</summary>
internal static class EngineFactory
{
    /// <summary>Makes an engine; the caller disposes it.</summary>
    /// <param name="device">The device asked for.</param>
    /// <param name="threads">The most threads of the CPU engine; −1 for one a core.</param>
    public static KMeansEngine Create(Device device, int threads) =>
        device.IsCuda ? throw KMeansErrors.NoCuda(device) : new CpuEngine(threads);
}
