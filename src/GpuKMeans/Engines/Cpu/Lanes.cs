using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

/// <summary>Small things vectors need.</summary>
internal static unsafe class Lanes
{
    // Lanes from 16 on are kept. A tail of r values is loaded as the last full vector before its end; the lanes that
    // were counted already are masked away.
    private static ReadOnlySpan<int> Steps =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    ];

    /// <summary>Keeps the last lanes of 16.</summary>
    public static Vector512<float> KeepLast(Vector512<float> values, int count) =>
        values & Vector512.LoadUnsafe(ref MemoryMarshal.GetReference(Steps), (nuint)count).AsSingle();

    /// <summary>Keeps the last lanes of 8.</summary>
    public static Vector256<float> KeepLast(Vector256<float> values, int count) =>
        values & Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(Steps), (nuint)(8 + count)).AsSingle();

    /// <summary>Keeps the last lanes of 4.</summary>
    public static Vector128<float> KeepLast(Vector128<float> values, int count) =>
        values & Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(Steps), (nuint)(12 + count)).AsSingle();

    /// <summary>Eight float32 values as float64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Widen(Vector256<float> values)
    {
        if (Avx512F.IsSupported)
        {
            return Avx512F.ConvertToVector512Double(values);
        }

        (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(values);
        return Vector512.Create(lower, upper);
    }
}
