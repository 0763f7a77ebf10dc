using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

internal sealed unsafe partial class Vector512Kernel
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
                if (d == dimension - 4)
                {
                    break;
                }
            }
        }
    }

    // Four values of the rows 0, 4, 8 and 12 from here: transposing 4×4 within the quarters puts rows in order.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> FourRows(float** rows, int d) => Vector512.Create(
        Vector256.Create(Vector128.Load(rows[0] + d), Vector128.Load(rows[4] + d)),
        Vector256.Create(Vector128.Load(rows[8] + d), Vector128.Load(rows[12] + d)));
}
