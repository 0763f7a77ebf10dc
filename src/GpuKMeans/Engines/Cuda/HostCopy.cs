using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using GpuKMeans.Engines.Cpu;

namespace GpuKMeans.Engines.Cuda;

/// <summary>
/// Copies to memory that the GPU reads next and no processor does: past the caches, which saves reading the target first.
/// </summary>
internal static unsafe class HostCopy
{
    // Rows that are asked of memory before their turn, and how much of each: the processor fetches the rest by itself.
    private const int RowsAhead = 8;
    private const int LineBytes = 64;
    private const int MostLinesAhead = 16;

    /// <summary>Copies values.</summary>
    /// <param name="to">Where to; of lines of 64 bytes if it is to be fast.</param>
    /// <param name="from">Where from.</param>
    /// <param name="count">How many values.</param>
    public static void Copy(float* to, float* from, long count)
    {
        CopyPastCaches(to, from, count);
        Lanes.StoreFence();
    }

    /// <summary>Copies rows that lie anywhere, one after another.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="from">Row 0.</param>
    /// <param name="rows">Which rows.</param>
    /// <param name="dimension">The number of values in a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gather(float* to, float* from, ReadOnlySpan<long> rows, int dimension)
    {
        int lines = Math.Min(MostLinesAhead, ((dimension * sizeof(float)) + LineBytes - 1) / LineBytes);
        for (int i = 0; i < rows.Length; i++)
        {
            if (Sse.IsSupported && i + RowsAhead < rows.Length)
            {
                byte* ahead = (byte*)(from + (rows[i + RowsAhead] * dimension));
                for (int line = 0; line < lines; line++)
                {
                    Sse.Prefetch0(ahead + (line * LineBytes));
                }
            }

            CopyPastCaches(to + (i * (long)dimension), from + (rows[i] * dimension), dimension);
        }

        Lanes.StoreFence();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining | MethodImplOptions.AggressiveOptimization)]
    private static void CopyPastCaches(float* to, float* from, long count)
    {
        // Only whole lines are written at once.
        long whole = Vector256.IsHardwareAccelerated && (nuint)to % LineBytes == 0 ? count / 16 * 16 : 0;
        for (long i = 0; i < whole; i += 16)
        {
            Vector256<float> low = Vector256.Load(from + i), high = Vector256.Load(from + i + 8);
            low.StoreAlignedNonTemporal(to + i);
            high.StoreAlignedNonTemporal(to + i + 8);
        }

        Unsafe.CopyBlockUnaligned(to + whole, from + whole, (uint)((count - whole) * sizeof(float)));
    }
}
