using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>Squared distances from direct differences.</content>
internal sealed unsafe partial class Vector256Kernel
{
    protected override void DistancesToPanel(
        float* tile, float* lines, int dimension, int width, float* distances, int stride, bool past, ref LinesAhead ahead)
    {
        if (width == Wide)
        {
            WideDistances(tile, lines, dimension, distances, stride, past, ref ahead);
        }
        else
        {
            TailDistances(tile, lines, dimension, distances, stride, past, ref ahead);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WideDistances(
        float* tile, float* lines, int dimension, float* distances, int stride, bool past, ref LinesAhead ahead)
    {
        Vector256<float> a0 = Vector256<float>.Zero, b0 = a0;
        Vector256<float> a1 = Vector256<float>.Zero, b1 = a1;
        Vector256<float> a2 = Vector256<float>.Zero, b2 = a2;
        Vector256<float> a3 = Vector256<float>.Zero, b3 = a3;
        Vector256<float> a4 = Vector256<float>.Zero, b4 = a4;
        Vector256<float> a5 = Vector256<float>.Zero, b5 = a5;
        LinesAhead next = ahead;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 6)
        {
            next.BringOne();
            Vector256<float> x = Vector256.Load(tile), y = Vector256.Load(tile + Lanes), c, p, q;
            c = Vector256.Create(lines[0]);
            p = x - c;
            q = y - c;
            a0 = Vector256.FusedMultiplyAdd(p, p, a0);
            b0 = Vector256.FusedMultiplyAdd(q, q, b0);
            c = Vector256.Create(lines[1]);
            p = x - c;
            q = y - c;
            a1 = Vector256.FusedMultiplyAdd(p, p, a1);
            b1 = Vector256.FusedMultiplyAdd(q, q, b1);
            c = Vector256.Create(lines[2]);
            p = x - c;
            q = y - c;
            a2 = Vector256.FusedMultiplyAdd(p, p, a2);
            b2 = Vector256.FusedMultiplyAdd(q, q, b2);
            c = Vector256.Create(lines[3]);
            p = x - c;
            q = y - c;
            a3 = Vector256.FusedMultiplyAdd(p, p, a3);
            b3 = Vector256.FusedMultiplyAdd(q, q, b3);
            c = Vector256.Create(lines[4]);
            p = x - c;
            q = y - c;
            a4 = Vector256.FusedMultiplyAdd(p, p, a4);
            b4 = Vector256.FusedMultiplyAdd(q, q, b4);
            c = Vector256.Create(lines[5]);
            p = x - c;
            q = y - c;
            a5 = Vector256.FusedMultiplyAdd(p, p, a5);
            b5 = Vector256.FusedMultiplyAdd(q, q, b5);
        }

        ahead = next;
        Put(a0, distances + (0 * stride), past);
        Put(b0, distances + (0 * stride) + Lanes, past);
        Put(a1, distances + (1 * stride), past);
        Put(b1, distances + (1 * stride) + Lanes, past);
        Put(a2, distances + (2 * stride), past);
        Put(b2, distances + (2 * stride) + Lanes, past);
        Put(a3, distances + (3 * stride), past);
        Put(b3, distances + (3 * stride) + Lanes, past);
        Put(a4, distances + (4 * stride), past);
        Put(b4, distances + (4 * stride) + Lanes, past);
        Put(a5, distances + (5 * stride), past);
        Put(b5, distances + (5 * stride) + Lanes, past);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailDistances(
        float* tile, float* lines, int dimension, float* distances, int stride, bool past, ref LinesAhead ahead)
    {
        Vector256<float> a0 = Vector256<float>.Zero, b0 = a0;
        Vector256<float> a1 = Vector256<float>.Zero, b1 = a1;
        LinesAhead next = ahead;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 2)
        {
            next.BringOne();
            Vector256<float> x = Vector256.Load(tile), y = Vector256.Load(tile + Lanes), c, p, q;
            c = Vector256.Create(lines[0]);
            p = x - c;
            q = y - c;
            a0 = Vector256.FusedMultiplyAdd(p, p, a0);
            b0 = Vector256.FusedMultiplyAdd(q, q, b0);
            c = Vector256.Create(lines[1]);
            p = x - c;
            q = y - c;
            a1 = Vector256.FusedMultiplyAdd(p, p, a1);
            b1 = Vector256.FusedMultiplyAdd(q, q, b1);
        }

        ahead = next;
        Put(a0, distances + (0 * stride), past);
        Put(b0, distances + (0 * stride) + Lanes, past);
        Put(a1, distances + (1 * stride), past);
        Put(b1, distances + (1 * stride) + Lanes, past);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector256<float> values, float* place, bool past)
    {
        if (past)
        {
            values.StoreAlignedNonTemporal(place);
        }
        else
        {
            values.Store(place);
        }
    }
}
