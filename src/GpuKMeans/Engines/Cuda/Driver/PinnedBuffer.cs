namespace GpuKMeans.Engines.Cuda.Driver;

/// <summary>Host memory that the GPU copies from and to by itself, at the full speed of the bus.</summary>
internal sealed unsafe class PinnedBuffer(CudaContext context) : IDisposable
{
    private nint _pointer;

    /// <summary>How many bytes there are.</summary>
    public long Length { get; private set; }

    /// <summary>Where the buffer begins.</summary>
    public nint Address => _pointer;

    /// <summary>Where the GPU finds host memory that the driver has locked, whoever had it locked.</summary>
    /// <param name="address">Where the memory begins.</param>
    /// <param name="bytes">How much of it.</param>
    /// <returns>The address on the GPU; 0 where not all of the memory is locked.</returns>
    public static ulong OnDevice(nint address, long bytes)
    {
        const int memoryType = 2, devicePointer = 3, host = 1;
        ulong At(ulong of)
        {
            uint type = 0;
            ulong pointer = 0;
            return CudaNative.cuPointerGetAttribute(&type, memoryType, of) == CudaNative.Success && type == host
                && CudaNative.cuPointerGetAttribute(&pointer, devicePointer, of) == CudaNative.Success ? pointer : 0;
        }

        ulong last = (ulong)bytes - 1, first = address == 0 || bytes == 0 ? 0 : At((ulong)address);
        return first != 0 && At((ulong)address + last) == first + last ? first : 0;
    }

    /// <summary>Sees to it that there is room. What the buffer held is lost when it grows.</summary>
    public void Reserve(long bytes)
    {
        if (bytes <= Length)
        {
            return;
        }

        Dispose();
        using CudaContext.Scope scope = context.Enter();
        int result = CudaNative.cuMemHostAlloc(out nint pointer, (nuint)bytes, 0);
        if (result == CudaNative.OutOfMemory)
        {
            throw CudaErrors.OutOfPinnedMemory(bytes);
        }

        CudaNative.Check(result, nameof(CudaNative.cuMemHostAlloc) + "()");
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
            using CudaContext.Scope scope = context.TryEnter();
            _ = CudaNative.cuMemFreeHost(_pointer);
            (_pointer, Length) = (0, 0);
        }
    }
}
