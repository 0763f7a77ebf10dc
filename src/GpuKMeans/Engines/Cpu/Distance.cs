using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// Squared distances by direct differences, with the same roundings on every machine: sixteen running sums, one for
/// each index modulo 16, added up in a fixed tree.
/// </summary>
internal static unsafe class Distance
{
    /// <summary>Σ (x − c)² in float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Squared(float* x, float* c, int dimension)
    {
        Vector512<float> sums = Vector512<float>.Zero;
        int d = 0;
        for (; d <= dimension - 16; d += 16)
        {
            Vector512<float> difference = Vector512.Load(x + d) - Vector512.Load(c + d);
            sums += difference * difference;
        }

        if (d < dimension)
        {
            Vector512<float> difference = LoadPart(x + d, dimension - d) - LoadPart(c + d, dimension - d);
            sums += difference * difference;
        }

        Vector256<float> eight = sums.GetLower() + sums.GetUpper();
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    /// <summary>Σ (x − c)² in float64, in which differences of float32 numbers are all but exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SquaredExact(float* x, float* c, int dimension)
    {
        Vector512<double> sums = Vector512<double>.Zero;
        int d = 0;
        for (; d <= dimension - 8; d += 8)
        {
            Vector512<double> difference = Widen(Vector256.Load(x + d)) - Widen(Vector256.Load(c + d));
            sums += difference * difference;
        }

        for (; d < dimension; d++)
        {
            double difference = (double)x[d] - c[d];
            sums = sums.WithElement(d & 7, sums[d & 7] + (difference * difference));
        }

        Vector256<double> four = sums.GetLower() + sums.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Widen(Vector256<float> values)
    {
        (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(values);
        return Vector512.Create(lower, upper);
    }

    private static Vector512<float> LoadPart(float* values, int count)
    {
        float* line = stackalloc float[16];
        for (int i = 0; i < 16; i++)
        {
            line[i] = i < count ? values[i] : 0;
        }

        return Vector512.Load(line);
    }
}
