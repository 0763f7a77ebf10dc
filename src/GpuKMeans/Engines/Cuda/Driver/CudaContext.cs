namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>
/// A GPU made ready: its primary context, which other libraries in the process share, and the kernels loaded into it.
/// </summary>
/// <remarks>
/// Lives as long as the process: turning PTX into machine code is the slowest part of starting, and an engine is made for
/// each fit. Everything else (memory, streams, events) belongs to an engine and goes with it.
/// </remarks>
internal sealed class CudaContext
{
    private const int MultiprocessorCount = 16;
    private const int LargestSharedMemory = 97;
    private const int SharedMemoryOfMultiprocessor = 81;

    private static readonly Dictionary<int, CudaContext> s_contexts = [];

    /// <summary>
    /// Whether kernels for Hopper are used where the GPU is one; not when the environment variable GPUKMEANS_CUDA_KERNEL is "sm80",
    /// which asks for those for all GPUs.
    /// </summary>
    public static bool UsesHopper { get; } = Environment.GetEnvironmentVariable("GPUKMEANS_CUDA_KERNEL") != "sm80";

    private readonly nint _handle;

    private CudaContext(int index)
    {
        int device = CudaDriver.Handle(index);
        Device = CudaDriver.Devices()[index];
        Multiprocessors = CudaDriver.Attribute(device, MultiprocessorCount);
        SharedMemory = CudaDriver.Attribute(device, LargestSharedMemory);
        SharedMemoryInAll = CudaDriver.Attribute(device, SharedMemoryOfMultiprocessor);
        CudaNative.Check(CudaNative.cuDevicePrimaryCtxRetain(out _handle, device));
        MakeCurrent();
        Kernels = new CudaKernels(overlapping: Device.ComputeCapability.Major >= 9 && UsesHopper);
    }

    /// <summary>What the GPU is.</summary>
    public CudaDevice Device { get; }

    /// <summary>How many multiprocessors it has.</summary>
    public int Multiprocessors { get; }

    /// <summary>The most shared memory a block can have, in bytes.</summary>
    public int SharedMemory { get; }

    /// <summary>The shared memory of a multiprocessor, in bytes, of which each block takes 1 KB more than it asks for.</summary>
    public int SharedMemoryInAll { get; }

    /// <summary>The kernels.</summary>
    public CudaKernels Kernels { get; }

    /// <summary>Makes a GPU ready, or gives the one that is.</summary>
    /// <exception cref="PlatformNotSupportedException">It cannot be used; the message says what is missing.</exception>
    public static CudaContext Of(int index)
    {
        if (CudaDriver.WhyUnavailable(index) is { } reason)
        {
            throw reason;
        }

        lock (s_contexts)
        {
            if (!s_contexts.TryGetValue(index, out CudaContext? context))
            {
                context = new CudaContext(index);
                s_contexts.Add(index, context);
            }

            return context;
        }
    }

    /// <summary>Directs the driver calls of this thread to the GPU.</summary>
    public void MakeCurrent() => CudaNative.Check(CudaNative.cuCtxSetCurrent(_handle));

    /// <summary><see cref="MakeCurrent"/> for cleaning up, where an error would hide the one that led to it.</summary>
    public bool TryMakeCurrent() => CudaNative.cuCtxSetCurrent(_handle) == CudaNative.Success;

    /// <summary>The memory that is free, and all there is, in bytes.</summary>
    public (long Free, long Total) Memory()
    {
        MakeCurrent();
        CudaNative.Check(CudaNative.cuMemGetInfo_v2(out nuint free, out nuint total));
        return ((long)free, (long)total);
    }
}
