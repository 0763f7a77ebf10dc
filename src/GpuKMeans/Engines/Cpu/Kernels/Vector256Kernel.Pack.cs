using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

internal sealed unsafe partial class Vector256Kernel
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Pack(float** rows, int dimension, float* origin, float* tile, float* squares)
    {
        if (dimension < 4)
        {
            PackNarrow(rows, Rows, dimension, origin, tile, squares);
            return;
        }

        for (int group = 0; group < Rows; group += Lanes)
        {
            float** lines = rows + group;
            float* column = tile + group;

            Vector256<float> sum = Vector256<float>.Zero;
            int four = 0;
            for (; four <= dimension - 4; four += 4)
            {
                sum += PackFour(lines, four, origin, column + ((long)four * Rows));
            }

            if (four < dimension)
            {
                // The last four overlap those before and write the same values again.
                PackFour(lines, dimension - 4, origin, column + ((long)(dimension - 4) * Rows));
                for (int d = four; d < dimension; d++)
                {
                    Vector256<float> x = Vector256.Load(column + ((long)d * Rows));
                    sum = Vector256.FusedMultiplyAdd(x, x, sum);
                }
            }

            sum.Store(squares + group);
        }
    }

    // Four columns of eight rows; the sum of their squares.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> PackFour(float** rows, int d, float* origin, float* place)
    {
        Vector256<float> shift = Vector256.Create(Vector128.Load(origin + d));
        Vector256<float> r0 = TwoRows(rows, d) - shift, r1 = TwoRows(rows + 1, d) - shift;
        Vector256<float> r2 = TwoRows(rows + 2, d) - shift, r3 = TwoRows(rows + 3, d) - shift;
        Vector256<double> t0 = Avx.UnpackLow(r0, r1).AsDouble(), t1 = Avx.UnpackLow(r2, r3).AsDouble();
        Vector256<double> t2 = Avx.UnpackHigh(r0, r1).AsDouble(), t3 = Avx.UnpackHigh(r2, r3).AsDouble();
        Vector256<float> x0 = Avx.UnpackLow(t0, t1).AsSingle(), x1 = Avx.UnpackHigh(t0, t1).AsSingle();
        Vector256<float> x2 = Avx.UnpackLow(t2, t3).AsSingle(), x3 = Avx.UnpackHigh(t2, t3).AsSingle();
        x0.Store(place);
        x1.Store(place + Rows);
        x2.Store(place + (2 * Rows));
        x3.Store(place + (3 * Rows));
        return Vector256.FusedMultiplyAdd(x0, x0, x1 * x1) + Vector256.FusedMultiplyAdd(x2, x2, x3 * x3);
    }

    // Four values of the rows 0 and 4 from here: transposing 4×4 within the halves puts rows in order.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> TwoRows(float** rows, int d) =>
        Vector256.Create(Vector128.Load(rows[0] + d), Vector128.Load(rows[4] + d));
}
