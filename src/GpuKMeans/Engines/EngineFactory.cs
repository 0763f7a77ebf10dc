using GpuKMeans.Engines.Cpu;
using GpuKMeans.Engines.Cuda;

namespace GpuKMeans.Engines;

/// <summary>Chooses and makes the engine for a device.</summary>
internal static class EngineFactory
{
    /// <summary>
    /// Products a thread below which <see cref="Device.Auto"/> stays on the CPU: some 0.3 s of its work, which is what it takes
    /// to start the GPU and to send the rows there. Measured between an H200 and 16 threads: fits of 5·10⁹ products in all
    /// took the GPU 2.6 times as long as the CPU, fits of 10¹² half as long.
    /// </summary>
    private const double LeastProductsPerThread = 8e9;

    /// <summary>Which device to compute on: what was asked for, and for <see cref="Device.Auto"/> the faster one.</summary>
    /// <param name="device">The device asked for.</param>
    /// <param name="threads">The most threads of the CPU engine; −1 for one a core.</param>
    /// <param name="products">About how many products the work takes: rows × clusters × columns × passes.</param>
    /// <param name="rows">The rows, which may lie on a device; null where they are not there yet.</param>
    public static Device Choose(Device device, int threads, double products, VectorSource? rows = null)
    {
        if (!device.IsAuto)
        {
            return device;
        }

        if (rows?.Home is { } home)
        {
            return home;
        }

        // The driver is not so much as loaded for work that is too small for it.
        int cores = threads == -1 ? Environment.ProcessorCount : threads;
        return products >= LeastProductsPerThread * cores && CudaEngine.IsAvailable() ? Device.Cuda() : Device.Cpu;
    }

    /// <summary>Makes an engine; the caller disposes it.</summary>
    /// <param name="device">The device, as <see cref="Choose"/> gives it.</param>
    /// <param name="threads">The most threads of the CPU engine; −1 for one a core.</param>
    /// <param name="precision">What the arithmetic is done in, where there is a choice.</param>
    /// <param name="rows">The rows that <see cref="Choose"/> was given.</param>
    /// <exception cref="PlatformNotSupportedException">A GPU was asked for that cannot be used; the message says why.</exception>
    public static KMeansEngine Create(Device device, int threads, Precision precision = default, VectorSource? rows = null) =>
        device.IsForeign ? rows!.CreateEngine() : device.IsCuda ? CudaEngine.Create(device.Index, precision) : new CpuEngine(threads);
}
