using System.Globalization;

namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>The one place the CUDA engine's errors are worded.</summary>
internal static class CudaErrors
{
    public static PlatformNotSupportedException NoDriver(int index) => Unavailable(
        index, $"the NVIDIA driver's library ({CudaNative.FileName}) is not on this machine. Install the NVIDIA driver");

    public static PlatformNotSupportedException NoDevice(int index) => Unavailable(
        index, "the NVIDIA driver is there but finds no GPU. Check that one is fitted and visible to this process (CUDA_VISIBLE_DEVICES)");

    public static PlatformNotSupportedException DriverFailed(int index, int result)
    {
        (string name, string description) = CudaNative.Describe(result);
        return Unavailable(index, $"the NVIDIA driver does not start: {name} ({description})");
    }

    public static PlatformNotSupportedException NoSuchDevice(int index, int count) => Unavailable(
        index, count == 1 ? "there is one GPU, cuda:0" : $"there are {count} GPUs, cuda:0 to cuda:{count - 1}");

    public static PlatformNotSupportedException TooOld(int index, string name, Version capability) => Unavailable(
        index, $"{name} has compute capability {capability}, and {CudaDriver.LeastCapability} is the least that will do");

    public static InvalidOperationException CallFailed(string call, int result)
    {
        (string name, string description) = CudaNative.Describe(result);
        return new($"The NVIDIA driver's {call} failed: {name} ({description}).");
    }

    public static InvalidOperationException ModuleRefused(string module, int result, string log)
    {
        (string name, string description) = CudaNative.Describe(result);
        return new($"The NVIDIA driver would not load the kernels of {module}: {name} ({description}). {log}".TrimEnd());
    }

    public static InsufficientMemoryException OutOfDeviceMemory(string device, string what, long bytes, long free, long total) => new(
        $"{device} has no room for {what}: {MegabytesUp(bytes)} are needed, {MegabytesDown(free)} of {MegabytesDown(total)} are free.");

    /// <summary>Of a call that does not say how much it takes, on the GPU that the calls of this thread go to.</summary>
    public static InsufficientMemoryException OutOfDeviceMemory(string what)
    {
        (string device, long free, long total) = CudaContext.OfThread();
        return new($"{device} has no room for {what}: {MegabytesDown(free)} of {MegabytesDown(total)} are free.");
    }

    public static InsufficientMemoryException NoRoomForContext(string device) => new(
        $"{device} has no room for the driver's own part of a program: other programs have taken its memory.");

    public static InsufficientMemoryException OutOfPinnedMemory(long bytes) => new(
        $"The NVIDIA driver could not lock {MegabytesUp(bytes)} of host memory for transfers.");

    private static PlatformNotSupportedException Unavailable(int index, string why) =>
        new($"cuda:{index} cannot be used: {why}; or use Device.Cpu or Device.Auto.");

    // What is needed is rounded up, what there is down.
    private static string MegabytesUp(long bytes) => MegabytesDown(bytes + (1 << 20) - 1);

    private static string MegabytesDown(long bytes) => (bytes >> 20).ToString("N0", CultureInfo.InvariantCulture) + " MB";
}
