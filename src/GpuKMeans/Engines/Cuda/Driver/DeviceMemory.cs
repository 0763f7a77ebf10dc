namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>The memory an engine has on its GPU. What is left of it is freed with the engine.</summary>
internal sealed class DeviceMemory(CudaContext context) : IDisposable
{
    private readonly Dictionary<ulong, long> _allocated = [];
    private long _used;

    /// <summary>The GPU it is on.</summary>
    public CudaContext Context => context;

    /// <summary>The most bytes the engine may have in all; tests lower it.</summary>
    public long Limit { get; set; } = long.MaxValue;

    /// <summary>The bytes the engine has.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>Memory left alone for the driver and others when it is decided what may stay on the GPU.</summary>
    public static long Reserve(long total) => Math.Max(256L << 20, total / 20);

    /// <summary>The memory that is free for the engine, and all there is for it, in bytes.</summary>
    public (long Free, long Total) Room()
    {
        (long free, long total) = context.Memory();
        return (Math.Clamp(Limit - Used, 0, free), Math.Min(Limit, total));
    }

    /// <summary>Allocates memory.</summary>
    /// <param name="bytes">How much.</param>
    /// <param name="what">What for, for the message.</param>
    /// <exception cref="InsufficientMemoryException">There is not enough; the message says how much there is.</exception>
    public ulong Allocate(long bytes, string what)
    {
        using CudaContext.Scope scope = context.Enter();
        ulong pointer = 0;
        int result = bytes > Limit - Used
            ? CudaNative.OutOfMemory
            : CudaNative.cuMemAlloc_v2(out pointer, (nuint)Math.Max(bytes, 16));
        if (result == CudaNative.OutOfMemory)
        {
            (long free, long total) = Room();
            throw CudaErrors.OutOfDeviceMemory(context.Device.Name, what, bytes, free, total);
        }

        CudaNative.Check(result, nameof(CudaNative.cuMemAlloc_v2) + "()");
        lock (_allocated)
        {
            _allocated.Add(pointer, bytes);
            _used += bytes;
        }

        return pointer;
    }

    /// <summary>Frees memory; does nothing where it is freed already, or another's.</summary>
    public void Free(ulong pointer)
    {
        lock (_allocated)
        {
            if (!_allocated.Remove(pointer, out long bytes))
            {
                return;
            }

            _used -= bytes;
        }

        // Nothing can be done about a failure: after an error on the GPU every call fails.
        using CudaContext.Scope scope = context.TryEnter();
        _ = CudaNative.cuMemFree_v2(pointer);
    }

    public void Dispose()
    {
        ulong[] left;
        lock (_allocated)
        {
            left = [.. _allocated.Keys];
        }

        foreach (ulong pointer in left)
        {
            Free(pointer);
        }
    }
}
