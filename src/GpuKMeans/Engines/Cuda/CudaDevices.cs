using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans;

/// <summary>The NVIDIA GPUs of this machine.</summary>
public static class CudaDevices
{
    /// <summary>Lists the GPUs, in the order in which <see cref="Device.Cuda"/> numbers them.</summary>
    /// <returns>The GPUs; none where there is no NVIDIA driver or no GPU. Never an error.</returns>
    public static IReadOnlyList<CudaDevice> List() => CudaDriver.Devices();
}

/// <summary>An NVIDIA GPU.</summary>
/// <param name="Index">Its number, for <see cref="Device.Cuda"/>.</param>
/// <param name="Name">What NVIDIA calls it.</param>
/// <param name="Memory">Its memory in bytes.</param>
/// <param name="ComputeCapability">What its processors can do; 8.0 is the least that will do.</param>
public sealed record CudaDevice(int Index, string Name, long Memory, Version ComputeCapability);
