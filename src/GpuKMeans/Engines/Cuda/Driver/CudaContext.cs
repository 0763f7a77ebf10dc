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
        int result = CudaNative.cuDevicePrimaryCtxRetain(out _handle, device);
        if (result == CudaNative.OutOfMemory)
        {
            // There is no context to ask how much is free.
            throw CudaErrors.NoRoomForContext(Device.Name);
        }

        CudaNative.Check(result, nameof(CudaNative.cuDevicePrimaryCtxRetain) + "()");
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

    /// <summary>
    /// Directs the driver calls of this thread to the GPU until the scope ends: then they go where they went before, for the
    /// thread may be one on which another library uses another GPU.
    /// </summary>
    public Scope Enter()
    {
        CudaNative.Check(CudaNative.cuCtxPushCurrent_v2(_handle));
        return new Scope(true);
    }

    /// <summary><see cref="Enter"/> for cleaning up, where an error would hide the one that led to it.</summary>
    public Scope TryEnter() => new(CudaNative.cuCtxPushCurrent_v2(_handle) == CudaNative.Success);

    /// <summary>The memory that is free, and all there is, in bytes.</summary>
    public (long Free, long Total) Memory()
    {
        using Scope scope = Enter();
        CudaNative.Check(CudaNative.cuMemGetInfo_v2(out nuint free, out nuint total));
        return ((long)free, (long)total);
    }

    /// <summary>
    /// The GPU that the calls of this thread go to, the memory that is free there, and all there is. For messages: never an error.
    /// </summary>
    public static (string Name, long Free, long Total) OfThread() =>
        CudaNative.cuCtxGetDevice(out int device) == CudaNative.Success
        && CudaNative.cuMemGetInfo_v2(out nuint free, out nuint total) == CudaNative.Success
            ? (CudaDriver.NameOf(device), (long)free, (long)total)
            : ("The GPU", 0, 0);

    /// <summary>What a thread does on the GPU.</summary>
    /// <param name="entered">Whether its calls go there.</param>
    public readonly ref struct Scope(bool entered)
    {
        /// <summary>Ends it.</summary>
        public void Dispose() => _ = entered && CudaNative.cuCtxPopCurrent_v2(out _) == CudaNative.Success;
    }
}
