using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

internal sealed unsafe partial class Vector256Kernel
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Pack(float** rows, int dimension, float* origin, float* tile)
    {
        if (dimension < 4)
        {
            PackNarrow(rows, Rows, dimension, origin, tile);
            return;
        }

        for (int group = 0; group < Rows; group += Lanes)
        {
            float** lines = rows + group;
            float* column = tile + group;

            // Four columns at a time; the last four may overlap those before and write the same values again.
            for (int d = 0; ; d = Math.Min(d + 4, dimension - 4))
            {
                Vector256<float> shift = Vector256.Create(Vector128.Load(origin + d));
                Vector256<float> r0 = TwoRows(lines, d) - shift, r1 = TwoRows(lines + 1, d) - shift;
                Vector256<float> r2 = TwoRows(lines + 2, d) - shift, r3 = TwoRows(lines + 3, d) - shift;
                Vector256<double> t0 = Avx.UnpackLow(r0, r1).AsDouble(), t1 = Avx.UnpackLow(r2, r3).AsDouble();
                Vector256<double> t2 = Avx.UnpackHigh(r0, r1).AsDouble(), t3 = Avx.UnpackHigh(r2, r3).AsDouble();
                float* place = column + ((long)d * Rows);
                Avx.UnpackLow(t0, t1).AsSingle().Store(place);
                Avx.UnpackHigh(t0, t1).AsSingle().Store(place + Rows);
                Avx.UnpackLow(t2, t3).AsSingle().Store(place + (2 * Rows));
                Avx.UnpackHigh(t2, t3).AsSingle().Store(place + (3 * Rows));
                if (d == dimension - 4)
                {
                    break;
                }
            }
        }
    }

    // Four values of the rows 0 and 4 from here: transposing 4×4 within the halves puts rows in order.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> TwoRows(float** rows, int d) =>
        Vector256.Create(Vector128.Load(rows[0] + d), Vector128.Load(rows[4] + d));
}
