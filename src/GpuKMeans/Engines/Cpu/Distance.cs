using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <summary>
/// Squared distances by direct differences, with the same roundings on every machine: running sums for each index
/// modulo the vector's length (16, or 8, 4 or 1 for shorter rows), added up in a fixed tree.
/// </summary>
internal static unsafe class Distance
{
    /// <summary>Σ (x − c)² in float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Squared(float* x, float* c, int dimension)
    {
        if (dimension < 16)
        {
            return dimension >= 8 ? SquaredOf8To15(x, c, dimension)
                : dimension >= 4 ? SquaredOf4To7(x, c, dimension)
                : SquaredOf1To3(x, c, dimension);
        }

        Vector512<float> sums = Vector512<float>.Zero;
        int d = 0;
        for (; d <= dimension - 16; d += 16)
        {
            Vector512<float> difference = Vector512.Load(x + d) - Vector512.Load(c + d);
            sums += difference * difference;
        }

        if (d < dimension)
        {
            Vector512<float> difference = Vector512.Load(x + dimension - 16) - Vector512.Load(c + dimension - 16);
            sums += Lanes.KeepLast(difference * difference, dimension - d);
        }

        return Total(sums.GetLower() + sums.GetUpper());
    }

    /// <summary>Σ (x − c)² in float64, in which differences of float32 numbers are all but exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SquaredExact(float* x, float* c, int dimension)
    {
        Vector512<double> sums = Vector512<double>.Zero;
        int d = 0;
        for (; d <= dimension - 8; d += 8)
        {
            Vector512<double> difference = Lanes.Widen(Vector256.Load(x + d)) - Lanes.Widen(Vector256.Load(c + d));
            sums += difference * difference;
        }

        Vector256<double> four = sums.GetLower() + sums.GetUpper();
        double total = (four[0] + four[2]) + (four[1] + four[3]);
        for (; d < dimension; d++)
        {
            double difference = (double)x[d] - c[d];
            total += difference * difference;
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float SquaredOf8To15(float* x, float* c, int dimension)
    {
        Vector256<float> first = Vector256.Load(x) - Vector256.Load(c);
        Vector256<float> last = Vector256.Load(x + dimension - 8) - Vector256.Load(c + dimension - 8);
        return Total((first * first) + Lanes.KeepLast(last * last, dimension - 8));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float SquaredOf4To7(float* x, float* c, int dimension)
    {
        Vector128<float> first = Vector128.Load(x) - Vector128.Load(c);
        Vector128<float> last = Vector128.Load(x + dimension - 4) - Vector128.Load(c + dimension - 4);
        return Total((first * first) + Lanes.KeepLast(last * last, dimension - 4));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float SquaredOf1To3(float* x, float* c, int dimension)
    {
        float sum = 0;
        for (int d = 0; d < dimension; d++)
        {
            float difference = x[d] - c[d];
            sum += difference * difference;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Total(Vector256<float> eight) => Total(eight.GetLower() + eight.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Total(Vector128<float> four) => (four[0] + four[2]) + (four[1] + four[3]);
}
