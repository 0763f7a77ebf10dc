namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>The memory an engine has on its GPU. What is left of it is freed with the engine.</summary>
internal sealed class DeviceMemory : IDisposable
{
    private readonly CudaContext _context;
    private readonly HashSet<ulong> _allocated = [];

    public DeviceMemory(CudaContext context) => _context = context;

    // For an engine that was never disposed of: what it had on the GPU is too much to lose.
    ~DeviceMemory() => FreeAll();

    /// <summary>Memory left alone for the driver and others when it is decided what may stay on the GPU.</summary>
    public static long Reserve(long total) => Math.Max(256L << 20, total / 20);

    /// <summary>Allocates memory.</summary>
    /// <param name="bytes">How much.</param>
    /// <param name="what">What for, for the message.</param>
    /// <exception cref="InsufficientMemoryException">There is not enough; the message says how much there is.</exception>
    public ulong Allocate(long bytes, string what)
    {
        _context.MakeCurrent();
        int result = CudaNative.cuMemAlloc_v2(out ulong pointer, (nuint)Math.Max(bytes, 16));
        if (result == CudaNative.OutOfMemory)
        {
            (long free, long total) = _context.Memory();
            throw CudaErrors.OutOfDeviceMemory(_context.Device.Name, what, bytes, free, total);
        }

        CudaNative.Check(result, nameof(CudaNative.cuMemAlloc_v2) + "()");
        lock (_allocated)
        {
            _allocated.Add(pointer);
        }

        return pointer;
    }

    /// <summary>Frees memory; does nothing where it is freed already, or another's.</summary>
    public void Free(ulong pointer)
    {
        bool known;
        lock (_allocated)
        {
            known = _allocated.Remove(pointer);
        }

        if (known)
        {
            // Nothing can be done about a failure: after an error on the GPU every call fails.
            _ = _context.TryMakeCurrent() && CudaNative.cuMemFree_v2(pointer) == CudaNative.Success;
        }
    }

    public void Dispose()
    {
        FreeAll();
        GC.SuppressFinalize(this);
    }

    private void FreeAll()
    {
        ulong[] left;
        lock (_allocated)
        {
            left = [.. _allocated];
        }

        foreach (ulong pointer in left)
        {
            Free(pointer);
        }
    }
}
