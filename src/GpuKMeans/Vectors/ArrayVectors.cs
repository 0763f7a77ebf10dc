using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GpuKMeans;

/// <summary>Rows of a two-dimensional array, which may hold more than 2³¹ values.</summary>
internal sealed class ArrayVectors : VectorSource
{
    private readonly float[,] _rows;

    public ArrayVectors(float[,] rows)
        : base(Checked(rows).GetLength(0), rows.GetLength(1)) => _rows = rows;

    public override void Read(long start, Span<float> destination)
    {
        CheckRange(start, destination);
        ref float first = ref Unsafe.As<byte, float>(ref MemoryMarshal.GetArrayDataReference(_rows));
        MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref first, (nint)(start * Dimension)), destination.Length)
            .CopyTo(destination);
    }

    public override unsafe bool TryPin(out MemoryHandle handle)
    {
        GCHandle pin = GCHandle.Alloc(_rows, GCHandleType.Pinned);
        handle = new MemoryHandle((void*)pin.AddrOfPinnedObject(), pin);
        return true;
    }

    private static float[,] Checked(float[,] rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return rows.GetLength(1) > 0 ? rows : throw KMeansErrors.NoColumns();
    }
}
