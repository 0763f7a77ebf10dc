using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>Squared distances from direct differences.</content>
internal sealed unsafe partial class Vector256Kernel
{
    protected override void DistancesToPanel(float* tile, float* lines, int dimension, int width, float* distances, int stride)
    {
        if (width == Wide)
        {
            WideDistances(tile, lines, dimension, distances, stride);
        }
        else
        {
            TailDistances(tile, lines, dimension, distances, stride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WideDistances(float* tile, float* lines, int dimension, float* distances, int stride)
    {
        Vector256<float> a0 = Vector256<float>.Zero, b0 = a0;
        Vector256<float> a1 = Vector256<float>.Zero, b1 = a1;
        Vector256<float> a2 = Vector256<float>.Zero, b2 = a2;
        Vector256<float> a3 = Vector256<float>.Zero, b3 = a3;
        Vector256<float> a4 = Vector256<float>.Zero, b4 = a4;
        Vector256<float> a5 = Vector256<float>.Zero, b5 = a5;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 6)
        {
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

        a0.Store(distances + (0 * stride));
        b0.Store(distances + (0 * stride) + Lanes);
        a1.Store(distances + (1 * stride));
        b1.Store(distances + (1 * stride) + Lanes);
        a2.Store(distances + (2 * stride));
        b2.Store(distances + (2 * stride) + Lanes);
        a3.Store(distances + (3 * stride));
        b3.Store(distances + (3 * stride) + Lanes);
        a4.Store(distances + (4 * stride));
        b4.Store(distances + (4 * stride) + Lanes);
        a5.Store(distances + (5 * stride));
        b5.Store(distances + (5 * stride) + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailDistances(float* tile, float* lines, int dimension, float* distances, int stride)
    {
        Vector256<float> a0 = Vector256<float>.Zero, b0 = a0;
        Vector256<float> a1 = Vector256<float>.Zero, b1 = a1;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 2)
        {
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

        a0.Store(distances + (0 * stride));
        b0.Store(distances + (0 * stride) + Lanes);
        a1.Store(distances + (1 * stride));
        b1.Store(distances + (1 * stride) + Lanes);
    }
}
