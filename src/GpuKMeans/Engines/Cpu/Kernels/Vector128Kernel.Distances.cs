using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>Squared distances from direct differences.</content>
internal sealed unsafe partial class Vector128Kernel
{
    protected override void DistancesToPanel(
        float* tile, float* lines, int dimension, int width, float* distances, int stride, bool past, ref LinesAhead ahead)
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
        Vector128<float> a0 = Vector128<float>.Zero, b0 = a0;
        Vector128<float> a1 = Vector128<float>.Zero, b1 = a1;
        Vector128<float> a2 = Vector128<float>.Zero, b2 = a2;
        Vector128<float> a3 = Vector128<float>.Zero, b3 = a3;
        Vector128<float> a4 = Vector128<float>.Zero, b4 = a4;
        Vector128<float> a5 = Vector128<float>.Zero, b5 = a5;
        Vector128<float> a6 = Vector128<float>.Zero, b6 = a6;
        Vector128<float> a7 = Vector128<float>.Zero, b7 = a7;
        Vector128<float> a8 = Vector128<float>.Zero, b8 = a8;
        Vector128<float> a9 = Vector128<float>.Zero, b9 = a9;
        Vector128<float> a10 = Vector128<float>.Zero, b10 = a10;
        Vector128<float> a11 = Vector128<float>.Zero, b11 = a11;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 12)
        {
            Vector128<float> x = Vector128.Load(tile), y = Vector128.Load(tile + Lanes), c, p, q;
            c = Vector128.Create(lines[0]);
            p = x - c;
            q = y - c;
            a0 = Vector128.MultiplyAddEstimate(p, p, a0);
            b0 = Vector128.MultiplyAddEstimate(q, q, b0);
            c = Vector128.Create(lines[1]);
            p = x - c;
            q = y - c;
            a1 = Vector128.MultiplyAddEstimate(p, p, a1);
            b1 = Vector128.MultiplyAddEstimate(q, q, b1);
            c = Vector128.Create(lines[2]);
            p = x - c;
            q = y - c;
            a2 = Vector128.MultiplyAddEstimate(p, p, a2);
            b2 = Vector128.MultiplyAddEstimate(q, q, b2);
            c = Vector128.Create(lines[3]);
            p = x - c;
            q = y - c;
            a3 = Vector128.MultiplyAddEstimate(p, p, a3);
            b3 = Vector128.MultiplyAddEstimate(q, q, b3);
            c = Vector128.Create(lines[4]);
            p = x - c;
            q = y - c;
            a4 = Vector128.MultiplyAddEstimate(p, p, a4);
            b4 = Vector128.MultiplyAddEstimate(q, q, b4);
            c = Vector128.Create(lines[5]);
            p = x - c;
            q = y - c;
            a5 = Vector128.MultiplyAddEstimate(p, p, a5);
            b5 = Vector128.MultiplyAddEstimate(q, q, b5);
            c = Vector128.Create(lines[6]);
            p = x - c;
            q = y - c;
            a6 = Vector128.MultiplyAddEstimate(p, p, a6);
            b6 = Vector128.MultiplyAddEstimate(q, q, b6);
            c = Vector128.Create(lines[7]);
            p = x - c;
            q = y - c;
            a7 = Vector128.MultiplyAddEstimate(p, p, a7);
            b7 = Vector128.MultiplyAddEstimate(q, q, b7);
            c = Vector128.Create(lines[8]);
            p = x - c;
            q = y - c;
            a8 = Vector128.MultiplyAddEstimate(p, p, a8);
            b8 = Vector128.MultiplyAddEstimate(q, q, b8);
            c = Vector128.Create(lines[9]);
            p = x - c;
            q = y - c;
            a9 = Vector128.MultiplyAddEstimate(p, p, a9);
            b9 = Vector128.MultiplyAddEstimate(q, q, b9);
            c = Vector128.Create(lines[10]);
            p = x - c;
            q = y - c;
            a10 = Vector128.MultiplyAddEstimate(p, p, a10);
            b10 = Vector128.MultiplyAddEstimate(q, q, b10);
            c = Vector128.Create(lines[11]);
            p = x - c;
            q = y - c;
            a11 = Vector128.MultiplyAddEstimate(p, p, a11);
            b11 = Vector128.MultiplyAddEstimate(q, q, b11);
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
        a6.Store(distances + (6 * stride));
        b6.Store(distances + (6 * stride) + Lanes);
        a7.Store(distances + (7 * stride));
        b7.Store(distances + (7 * stride) + Lanes);
        a8.Store(distances + (8 * stride));
        b8.Store(distances + (8 * stride) + Lanes);
        a9.Store(distances + (9 * stride));
        b9.Store(distances + (9 * stride) + Lanes);
        a10.Store(distances + (10 * stride));
        b10.Store(distances + (10 * stride) + Lanes);
        a11.Store(distances + (11 * stride));
        b11.Store(distances + (11 * stride) + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailDistances(float* tile, float* lines, int dimension, float* distances, int stride)
    {
        Vector128<float> a0 = Vector128<float>.Zero, b0 = a0;
        Vector128<float> a1 = Vector128<float>.Zero, b1 = a1;
        Vector128<float> a2 = Vector128<float>.Zero, b2 = a2;
        Vector128<float> a3 = Vector128<float>.Zero, b3 = a3;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 4)
        {
            Vector128<float> x = Vector128.Load(tile), y = Vector128.Load(tile + Lanes), c, p, q;
            c = Vector128.Create(lines[0]);
            p = x - c;
            q = y - c;
            a0 = Vector128.MultiplyAddEstimate(p, p, a0);
            b0 = Vector128.MultiplyAddEstimate(q, q, b0);
            c = Vector128.Create(lines[1]);
            p = x - c;
            q = y - c;
            a1 = Vector128.MultiplyAddEstimate(p, p, a1);
            b1 = Vector128.MultiplyAddEstimate(q, q, b1);
            c = Vector128.Create(lines[2]);
            p = x - c;
            q = y - c;
            a2 = Vector128.MultiplyAddEstimate(p, p, a2);
            b2 = Vector128.MultiplyAddEstimate(q, q, b2);
            c = Vector128.Create(lines[3]);
            p = x - c;
            q = y - c;
            a3 = Vector128.MultiplyAddEstimate(p, p, a3);
            b3 = Vector128.MultiplyAddEstimate(q, q, b3);
        }

        a0.Store(distances + (0 * stride));
        b0.Store(distances + (0 * stride) + Lanes);
        a1.Store(distances + (1 * stride));
        b1.Store(distances + (1 * stride) + Lanes);
        a2.Store(distances + (2 * stride));
        b2.Store(distances + (2 * stride) + Lanes);
        a3.Store(distances + (3 * stride));
        b3.Store(distances + (3 * stride) + Lanes);
    }
}
