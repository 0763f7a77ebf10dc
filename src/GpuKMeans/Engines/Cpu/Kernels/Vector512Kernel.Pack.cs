using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

internal sealed unsafe partial class Vector512Kernel
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
            Vector512<float> sum = Vector512<float>.Zero;

            int square = 0;
            for (; square <= dimension - Lanes; square += Lanes)
            {
                PackSquare(lines, square, origin, column + ((long)square * Rows), ref sum);
            }

            // Four columns at a time; the last four may overlap those before and write the same values again.
            for (int d = square; d < dimension; d += 4)
            {
                d = Math.Min(d, dimension - 4);
                Vector512<float> shift = Vector512.Create(Vector256.Create(Vector128.Load(origin + d)));
                Vector512<float> r0 = FourRows(lines, d) - shift, r1 = FourRows(lines + 1, d) - shift;
                Vector512<float> r2 = FourRows(lines + 2, d) - shift, r3 = FourRows(lines + 3, d) - shift;
                Vector512<double> t0 = Avx512F.UnpackLow(r0, r1).AsDouble(), t1 = Avx512F.UnpackLow(r2, r3).AsDouble();
                Vector512<double> t2 = Avx512F.UnpackHigh(r0, r1).AsDouble(), t3 = Avx512F.UnpackHigh(r2, r3).AsDouble();
                float* place = column + ((long)d * Rows);
                Avx512F.UnpackLow(t0, t1).AsSingle().Store(place);
                Avx512F.UnpackHigh(t0, t1).AsSingle().Store(place + Rows);
                Avx512F.UnpackLow(t2, t3).AsSingle().Store(place + (2 * Rows));
                Avx512F.UnpackHigh(t2, t3).AsSingle().Store(place + (3 * Rows));
            }

            for (int d = square; d < dimension; d++)
            {
                Vector512<float> x = Vector512.Load(column + ((long)d * Rows));
                sum = Vector512.FusedMultiplyAdd(x, x, sum);
            }

            sum.Store(squares + group);
        }
    }

    /// <summary>Sixteen columns of sixteen rows: 4×4 values within the quarters, then the quarters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackSquare(float** rows, int d, float* origin, float* place, ref Vector512<float> squares)
    {
        Vector512<float> shift = Vector512.Load(origin + d);
        Quarter(rows + 0, d, shift, out Vector512<float> a0, out Vector512<float> b0, out Vector512<float> c0, out Vector512<float> e0);
        Quarter(rows + 4, d, shift, out Vector512<float> a1, out Vector512<float> b1, out Vector512<float> c1, out Vector512<float> e1);
        Quarter(rows + 8, d, shift, out Vector512<float> a2, out Vector512<float> b2, out Vector512<float> c2, out Vector512<float> e2);
        Quarter(rows + 12, d, shift, out Vector512<float> a3, out Vector512<float> b3, out Vector512<float> c3, out Vector512<float> e3);
        Vector512<float> s = Columns(a0, a1, a2, a3, place + (0 * Rows));
        Vector512<float> t = Columns(b0, b1, b2, b3, place + (1 * Rows));
        Vector512<float> u = Columns(c0, c1, c2, c3, place + (2 * Rows));
        Vector512<float> v = Columns(e0, e1, e2, e3, place + (3 * Rows));
        squares += (s + t) + (u + v);
    }

    // Four rows: in quarter q, column 4q + i of the four goes to output i.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter(
        float** rows,
        int d,
        Vector512<float> shift,
        out Vector512<float> first,
        out Vector512<float> second,
        out Vector512<float> third,
        out Vector512<float> fourth)
    {
        Vector512<float> r0 = Vector512.Load(rows[0] + d) - shift, r1 = Vector512.Load(rows[1] + d) - shift;
        Vector512<float> r2 = Vector512.Load(rows[2] + d) - shift, r3 = Vector512.Load(rows[3] + d) - shift;
        Vector512<double> t0 = Avx512F.UnpackLow(r0, r1).AsDouble(), t1 = Avx512F.UnpackLow(r2, r3).AsDouble();
        Vector512<double> t2 = Avx512F.UnpackHigh(r0, r1).AsDouble(), t3 = Avx512F.UnpackHigh(r2, r3).AsDouble();
        first = Avx512F.UnpackLow(t0, t1).AsSingle();
        second = Avx512F.UnpackHigh(t0, t1).AsSingle();
        third = Avx512F.UnpackLow(t2, t3).AsSingle();
        fourth = Avx512F.UnpackHigh(t2, t3).AsSingle();
    }

    // The quarters of four rows each become columns 0, 4, 8 and 12 of all sixteen; the sum of their squares.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Columns(
        Vector512<float> q0, Vector512<float> q1, Vector512<float> q2, Vector512<float> q3, float* place)
    {
        Vector512<float> t0 = Avx512F.Shuffle4x128(q0, q1, 0b10_00_10_00), t1 = Avx512F.Shuffle4x128(q0, q1, 0b11_01_11_01);
        Vector512<float> t2 = Avx512F.Shuffle4x128(q2, q3, 0b10_00_10_00), t3 = Avx512F.Shuffle4x128(q2, q3, 0b11_01_11_01);
        Vector512<float> x0 = Avx512F.Shuffle4x128(t0, t2, 0b10_00_10_00), x1 = Avx512F.Shuffle4x128(t1, t3, 0b10_00_10_00);
        Vector512<float> x2 = Avx512F.Shuffle4x128(t0, t2, 0b11_01_11_01), x3 = Avx512F.Shuffle4x128(t1, t3, 0b11_01_11_01);
        x0.Store(place);
        x1.Store(place + (4 * Rows));
        x2.Store(place + (8 * Rows));
        x3.Store(place + (12 * Rows));
        return Vector512.FusedMultiplyAdd(x0, x0, x1 * x1) + Vector512.FusedMultiplyAdd(x2, x2, x3 * x3);
    }

    // Four values of the rows 0, 4, 8 and 12 from here: transposing 4×4 within the quarters puts rows in order.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> FourRows(float** rows, int d) => Vector512.Create(
        Vector256.Create(Vector128.Load(rows[0] + d), Vector128.Load(rows[4] + d)),
        Vector256.Create(Vector128.Load(rows[8] + d), Vector128.Load(rows[12] + d)));
}
