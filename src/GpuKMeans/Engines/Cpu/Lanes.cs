using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

/// <summary>Small things vectors need.</summary>
internal static unsafe class Lanes
{
    /// <summary>Float32 values in a line of the caches.</summary>
    public const int CacheLine = 64 / sizeof(float);

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

    /// <summary>Writes 4×4 values transposed: four lines of one value from each vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transpose(
        Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d, float* lines, long stride)
    {
        if (Sse2.IsSupported)
        {
            Vector128<double> lowAb = Sse.UnpackLow(a, b).AsDouble(), lowCd = Sse.UnpackLow(c, d).AsDouble();
            Vector128<double> highAb = Sse.UnpackHigh(a, b).AsDouble(), highCd = Sse.UnpackHigh(c, d).AsDouble();
            Sse2.UnpackLow(lowAb, lowCd).AsSingle().Store(lines);
            Sse2.UnpackHigh(lowAb, lowCd).AsSingle().Store(lines + stride);
            Sse2.UnpackLow(highAb, highCd).AsSingle().Store(lines + (2 * stride));
            Sse2.UnpackHigh(highAb, highCd).AsSingle().Store(lines + (3 * stride));
            return;
        }

        for (int i = 0; i < 4; i++)
        {
            Vector128.Create(a[i], b[i], c[i], d[i]).Store(lines + (i * stride));
        }
    }

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

    /// <summary>Rounds float64 values to float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Narrow(double* values, float* rounded, int count)
    {
        int i = 0;
        for (; i <= count - 16; i += 16)
        {
            Vector512.Narrow(Vector512.Load(values + i), Vector512.Load(values + i + 8)).Store(rounded + i);
        }

        for (; i < count; i++)
        {
            rounded[i] = (float)values[i];
        }
    }

    /// <summary>Brings values into the second-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* values, long count)
    {
        for (long i = 0; i < count && Sse.IsSupported; i += CacheLine)
        {
            Sse.Prefetch1(values + i);
        }
    }

    /// <summary>Has others see what was written past the caches before what is written after: such stores are seen in any order.</summary>
    public static void StoreFence()
    {
        if (Sse.IsSupported)
        {
            Sse.StoreFence();
        }
        else
        {
            Interlocked.MemoryBarrier();
        }
    }
}
