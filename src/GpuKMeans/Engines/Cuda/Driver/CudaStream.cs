namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>A queue of work on a GPU.</summary>
internal sealed unsafe class CudaStream : IDisposable
{
    // Work of the default stream, which other libraries may use, does not hold this one up.
    private const uint NonBlocking = 1;

    private nint _handle;

    private readonly CudaKernels _kernels;

    /// <summary>Makes a queue.</summary>
    /// <param name="context">The GPU.</param>
    /// <param name="goesFirst">Whether its work is begun before that of others which waits.</param>
    public CudaStream(CudaContext context, bool goesFirst = false)
    {
        _kernels = context.Kernels;

        // Less goes first; the driver takes the nearest it has.
        CudaNative.Check(CudaNative.cuStreamCreateWithPriority(out _handle, NonBlocking, goesFirst ? -100 : 0));
    }

    public nint Handle => _handle;

    /// <summary>Waits until all work in the queue is done.</summary>
    public void Synchronize() => CudaNative.Check(CudaNative.cuStreamSynchronize(_handle));

    /// <summary><see cref="Synchronize"/> for cleaning up, where an error would hide the one that led to it.</summary>
    public void Finish() => _ = _handle != 0 && CudaNative.cuStreamSynchronize(_handle) == CudaNative.Success;

    /// <summary>Lets later work in the queue wait for an event of another.</summary>
    public void Wait(CudaEvent awaited) => CudaNative.Check(CudaNative.cuStreamWaitEvent(_handle, awaited.Handle, 0));

    /// <summary>Copies to the GPU. From pinned memory the call returns before the copy is made.</summary>
    public void Upload<T>(ulong to, ReadOnlySpan<T> from)
        where T : unmanaged
    {
        fixed (T* source = from)
        {
            CudaNative.Check(CudaNative.cuMemcpyHtoDAsync_v2(to, source, (nuint)from.Length * (nuint)sizeof(T), _handle));
        }
    }

    /// <inheritdoc cref="Upload{T}(ulong, ReadOnlySpan{T})"/>
    public void Upload(ulong to, float* from, long count) =>
        CudaNative.Check(CudaNative.cuMemcpyHtoDAsync_v2(to, from, (nuint)count * sizeof(float), _handle));

    /// <summary>Copies to the host. To pinned memory the call returns before the copy is made.</summary>
    public void Download<T>(Span<T> to, ulong from)
        where T : unmanaged
    {
        fixed (T* target = to)
        {
            CudaNative.Check(CudaNative.cuMemcpyDtoHAsync_v2(target, from, (nuint)to.Length * (nuint)sizeof(T), _handle));
        }
    }

    /// <summary>Copies on the GPU.</summary>
    public void Copy(ulong to, ulong from, long bytes) =>
        CudaNative.Check(CudaNative.cuMemcpyDtoDAsync_v2(to, from, (nuint)bytes, _handle));

    /// <summary>Sets 32-bit words.</summary>
    public void Fill(ulong to, uint value, long count) =>
        CudaNative.Check(CudaNative.cuMemsetD32Async(to, value, (nuint)count, _handle));

    /// <summary>Starts a kernel. All kernels take one structure.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="blocks">How many blocks.</param>
    /// <param name="threads">How many threads a block.</param>
    /// <param name="arguments">The structure, laid out as in the kernel's source.</param>
    /// <param name="blocksY">How many blocks in the second direction.</param>
    /// <param name="sharedBytes">Shared memory a block, beside what the source declares.</param>
    /// <param name="cluster">How many blocks run together; more than one only on Hopper.</param>
    public void Launch<T>(
        Kernel kernel, long blocks, int threads, in T arguments, int blocksY = 1, int sharedBytes = 0, int cluster = 1)
        where T : unmanaged
    {
        nint function = _kernels.Function(kernel, sharedBytes);
        fixed (T* pointer = &arguments)
        {
            void* parameter = pointer;
            uint gridX = checked((uint)blocks);
            bool overlaps = _kernels.MayOverlap(kernel);
            int result = cluster > 1 || overlaps
                ? LaunchWithAttributes(
                    function, gridX, (uint)blocksY, (uint)threads, (uint)sharedBytes, &parameter, (uint)cluster, overlaps)
                : CudaNative.cuLaunchKernel(
                    function, gridX, (uint)blocksY, 1, (uint)threads, 1, 1, (uint)sharedBytes, _handle, &parameter, null);
            if (result != CudaNative.Success)
            {
                CudaNative.Check(result, $"cuLaunchKernel of {kernel}(");
            }
        }
    }

    public void Dispose()
    {
        if (_handle != 0)
        {
            _ = CudaNative.cuStreamDestroy_v2(_handle);
            _handle = 0;
        }
    }

    private int LaunchWithAttributes(
        nint function, uint gridX, uint gridY, uint threads, uint sharedBytes, void** parameter, uint cluster, bool overlaps)
    {
        LaunchAttribute* attributes = stackalloc LaunchAttribute[2];
        uint count = 0;
        if (cluster > 1)
        {
            attributes[count++] = new LaunchAttribute { Id = LaunchAttribute.ClusterSize, X = cluster, Y = 1, Z = 1 };
        }

        if (overlaps)
        {
            attributes[count++] = new LaunchAttribute { Id = LaunchAttribute.ProgrammaticSerialization, X = 1 };
        }

        var configuration = new LaunchConfiguration
        {
            GridX = gridX,
            GridY = gridY,
            GridZ = 1,
            BlockX = threads,
            BlockY = 1,
            BlockZ = 1,
            SharedBytes = sharedBytes,
            Stream = _handle,
            Attributes = attributes,
            AttributeCount = count,
        };
        return CudaNative.cuLaunchKernelEx(&configuration, function, parameter, null);
    }
}
