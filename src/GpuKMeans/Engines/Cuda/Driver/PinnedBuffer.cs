namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>Host memory that the GPU copies from and to by itself, at the full speed of the bus.</summary>
internal sealed unsafe class PinnedBuffer : IDisposable
{
    private nint _pointer;

    /// <summary>How many bytes there are.</summary>
    public long Length { get; private set; }

    /// <summary>Where the buffer begins.</summary>
    public nint Address => _pointer;

    /// <summary>Sees to it that there is room. What the buffer held is lost when it grows.</summary>
    public void Reserve(long bytes)
    {
        if (bytes <= Length)
        {
            return;
        }

        Dispose();
        if (CudaNative.cuMemHostAlloc(out nint pointer, (nuint)bytes, 0) != CudaNative.Success)
        {
            throw CudaErrors.OutOfPinnedMemory(bytes);
        }

        (_pointer, Length) = (pointer, bytes);
    }

    /// <summary>Elements of the buffer.</summary>
    /// <param name="offset">Where they begin, in bytes.</param>
    /// <param name="count">How many.</param>
    public Span<T> Span<T>(long offset, int count)
        where T : unmanaged => new((byte*)_pointer + offset, count);

    public void Dispose()
    {
        if (_pointer != 0)
        {
            _ = CudaNative.cuMemFreeHost(_pointer);
            (_pointer, Length) = (0, 0);
        }
    }
}
