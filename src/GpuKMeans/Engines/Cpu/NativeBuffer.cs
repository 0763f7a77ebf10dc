using System.Runtime.InteropServices;

namespace GpuKMeans.Engines.Cpu;

/// <summary>Memory outside the garbage collector's, aligned to a cache line, of any length.</summary>
internal sealed unsafe class NativeBuffer<T> : IDisposable
    where T : unmanaged
{
    private const int Alignment = 64;

    public NativeBuffer(long length, bool clear = false)
    {
        nuint bytes = checked((nuint)Math.Max(length, 1) * (nuint)sizeof(T));
        Length = length;
        Pointer = (T*)NativeMemory.AlignedAlloc(bytes, Alignment);
        GC.AddMemoryPressure((long)bytes);
        if (clear)
        {
            NativeMemory.Clear(Pointer, bytes);
        }
    }

    ~NativeBuffer() => Free();

    public T* Pointer { get; private set; }

    public long Length { get; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>A buffer of at least a length: the one given if it is long enough, else a new one in its place.</summary>
    public static T* Ensure(ref NativeBuffer<T>? buffer, long length, bool clear = false)
    {
        if (buffer is null || buffer.Length < length)
        {
            buffer?.Dispose();
            buffer = null;
            buffer = new NativeBuffer<T>(length, clear);
        }

        return buffer.Pointer;
    }

    private void Free()
    {
        if (Pointer is not null)
        {
            NativeMemory.AlignedFree(Pointer);
            Pointer = null;
            GC.RemoveMemoryPressure(Math.Max(Length, 1) * sizeof(T));
        }
    }
}
