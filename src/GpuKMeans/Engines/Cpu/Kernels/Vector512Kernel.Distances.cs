using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>
/// Squared distances from direct differences. Both of a centre's differences take its value from memory as they subtract: where
/// subtractions read two registers, Zen 4 has no ports left to read the three of a multiply-add beside each, and does 39 and not 57
/// billion terms a second. The compiler would load the value once; so the same lines go by two names.
/// </content>
internal sealed unsafe partial class Vector512Kernel
{
    protected override void DistancesToPanel(
        float* tile, float* lines, int dimension, int width, float* distances, int stride, bool past, ref LinesAhead ahead)
    {
        if (width == Wide)
        {
            WideDistances(tile, lines, lines, dimension, distances, stride, past, ref ahead);
        }
        else
        {
            TailDistances(tile, lines, lines, dimension, distances, stride, past, ref ahead);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void WideDistances(
        float* tile, float* lines, float* again, int dimension, float* distances, int stride, bool past, ref LinesAhead ahead)
    {
        Vector512<float> a0 = Vector512<float>.Zero, b0 = a0;
        Vector512<float> a1 = Vector512<float>.Zero, b1 = a1;
        Vector512<float> a2 = Vector512<float>.Zero, b2 = a2;
        Vector512<float> a3 = Vector512<float>.Zero, b3 = a3;
        Vector512<float> a4 = Vector512<float>.Zero, b4 = a4;
        Vector512<float> a5 = Vector512<float>.Zero, b5 = a5;
        Vector512<float> a6 = Vector512<float>.Zero, b6 = a6;
        Vector512<float> a7 = Vector512<float>.Zero, b7 = a7;
        Vector512<float> a8 = Vector512<float>.Zero, b8 = a8;
        Vector512<float> a9 = Vector512<float>.Zero, b9 = a9;
        Vector512<float> a10 = Vector512<float>.Zero, b10 = a10;
        Vector512<float> a11 = Vector512<float>.Zero, b11 = a11;
        LinesAhead next = ahead;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 12, again += 12)
        {
            next.BringOne();
            Vector512<float> x = Vector512.Load(tile), y = Vector512.Load(tile + Lanes), p, q;
            p = x - Vector512.Create(lines[0]);
            q = y - Vector512.Create(again[0]);
            a0 = Vector512.FusedMultiplyAdd(p, p, a0);
            b0 = Vector512.FusedMultiplyAdd(q, q, b0);
            p = x - Vector512.Create(lines[1]);
            q = y - Vector512.Create(again[1]);
            a1 = Vector512.FusedMultiplyAdd(p, p, a1);
            b1 = Vector512.FusedMultiplyAdd(q, q, b1);
            p = x - Vector512.Create(lines[2]);
            q = y - Vector512.Create(again[2]);
            a2 = Vector512.FusedMultiplyAdd(p, p, a2);
            b2 = Vector512.FusedMultiplyAdd(q, q, b2);
            p = x - Vector512.Create(lines[3]);
            q = y - Vector512.Create(again[3]);
            a3 = Vector512.FusedMultiplyAdd(p, p, a3);
            b3 = Vector512.FusedMultiplyAdd(q, q, b3);
            p = x - Vector512.Create(lines[4]);
            q = y - Vector512.Create(again[4]);
            a4 = Vector512.FusedMultiplyAdd(p, p, a4);
            b4 = Vector512.FusedMultiplyAdd(q, q, b4);
            p = x - Vector512.Create(lines[5]);
            q = y - Vector512.Create(again[5]);
            a5 = Vector512.FusedMultiplyAdd(p, p, a5);
            b5 = Vector512.FusedMultiplyAdd(q, q, b5);
            p = x - Vector512.Create(lines[6]);
            q = y - Vector512.Create(again[6]);
            a6 = Vector512.FusedMultiplyAdd(p, p, a6);
            b6 = Vector512.FusedMultiplyAdd(q, q, b6);
            p = x - Vector512.Create(lines[7]);
            q = y - Vector512.Create(again[7]);
            a7 = Vector512.FusedMultiplyAdd(p, p, a7);
            b7 = Vector512.FusedMultiplyAdd(q, q, b7);
            p = x - Vector512.Create(lines[8]);
            q = y - Vector512.Create(again[8]);
            a8 = Vector512.FusedMultiplyAdd(p, p, a8);
            b8 = Vector512.FusedMultiplyAdd(q, q, b8);
            p = x - Vector512.Create(lines[9]);
            q = y - Vector512.Create(again[9]);
            a9 = Vector512.FusedMultiplyAdd(p, p, a9);
            b9 = Vector512.FusedMultiplyAdd(q, q, b9);
            p = x - Vector512.Create(lines[10]);
            q = y - Vector512.Create(again[10]);
            a10 = Vector512.FusedMultiplyAdd(p, p, a10);
            b10 = Vector512.FusedMultiplyAdd(q, q, b10);
            p = x - Vector512.Create(lines[11]);
            q = y - Vector512.Create(again[11]);
            a11 = Vector512.FusedMultiplyAdd(p, p, a11);
            b11 = Vector512.FusedMultiplyAdd(q, q, b11);
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
        Put(a6, distances + (6 * stride), past);
        Put(b6, distances + (6 * stride) + Lanes, past);
        Put(a7, distances + (7 * stride), past);
        Put(b7, distances + (7 * stride) + Lanes, past);
        Put(a8, distances + (8 * stride), past);
        Put(b8, distances + (8 * stride) + Lanes, past);
        Put(a9, distances + (9 * stride), past);
        Put(b9, distances + (9 * stride) + Lanes, past);
        Put(a10, distances + (10 * stride), past);
        Put(b10, distances + (10 * stride) + Lanes, past);
        Put(a11, distances + (11 * stride), past);
        Put(b11, distances + (11 * stride) + Lanes, past);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void TailDistances(
        float* tile, float* lines, float* again, int dimension, float* distances, int stride, bool past, ref LinesAhead ahead)
    {
        Vector512<float> a0 = Vector512<float>.Zero, b0 = a0;
        Vector512<float> a1 = Vector512<float>.Zero, b1 = a1;
        Vector512<float> a2 = Vector512<float>.Zero, b2 = a2;
        Vector512<float> a3 = Vector512<float>.Zero, b3 = a3;
        LinesAhead next = ahead;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 4, again += 4)
        {
            next.BringOne();
            Vector512<float> x = Vector512.Load(tile), y = Vector512.Load(tile + Lanes), p, q;
            p = x - Vector512.Create(lines[0]);
            q = y - Vector512.Create(again[0]);
            a0 = Vector512.FusedMultiplyAdd(p, p, a0);
            b0 = Vector512.FusedMultiplyAdd(q, q, b0);
            p = x - Vector512.Create(lines[1]);
            q = y - Vector512.Create(again[1]);
            a1 = Vector512.FusedMultiplyAdd(p, p, a1);
            b1 = Vector512.FusedMultiplyAdd(q, q, b1);
            p = x - Vector512.Create(lines[2]);
            q = y - Vector512.Create(again[2]);
            a2 = Vector512.FusedMultiplyAdd(p, p, a2);
            b2 = Vector512.FusedMultiplyAdd(q, q, b2);
            p = x - Vector512.Create(lines[3]);
            q = y - Vector512.Create(again[3]);
            a3 = Vector512.FusedMultiplyAdd(p, p, a3);
            b3 = Vector512.FusedMultiplyAdd(q, q, b3);
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
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector512<float> values, float* place, bool past)
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
