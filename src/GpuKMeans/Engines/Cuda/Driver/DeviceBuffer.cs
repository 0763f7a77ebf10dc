namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>An array on a GPU. It grows when more is asked of it, and then loses what it held.</summary>
internal sealed unsafe class DeviceBuffer<T> : IDisposable
    where T : unmanaged
{
    private readonly DeviceMemory _memory;
    private readonly string _what;
    private bool _isView;

    public DeviceBuffer(DeviceMemory memory, string what) => (_memory, _what) = (memory, what);

    /// <summary>Where the array begins; 0 before memory was asked for.</summary>
    public ulong Pointer { get; private set; }

    /// <summary>How many elements it has room for.</summary>
    public long Capacity { get; private set; }

    /// <summary>Where an element is.</summary>
    public ulong At(long index) => Pointer + ((ulong)index * (ulong)sizeof(T));

    /// <summary>Sees to it that there is room.</summary>
    /// <returns>Where the array begins.</returns>
    public ulong Reserve(long count)
    {
        if (count > Capacity || Pointer == 0)
        {
            Dispose();
            Pointer = _memory.Allocate(count * sizeof(T), _what);
            Capacity = count;
            _isView = false;
        }

        return Pointer;
    }

    /// <summary><see cref="Reserve"/> for what can be done with less.</summary>
    /// <returns>Whether there is room.</returns>
    public bool TryReserve(long count)
    {
        try
        {
            Reserve(count);
            return true;
        }
        catch (InsufficientMemoryException)
        {
            return false;
        }
    }

    /// <summary>Takes an array that lies on the GPU already and stays another's.</summary>
    public void View(ulong pointer, long count)
    {
        Dispose();
        (Pointer, Capacity, _isView) = (pointer, count, true);
    }

    public void Dispose()
    {
        if (!_isView)
        {
            _memory.Free(Pointer);
        }

        (Pointer, Capacity) = (0, 0);
    }
}
