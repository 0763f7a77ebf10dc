using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>Scores of a panel, folded into the best and second best as soon as they are known.</content>
internal sealed unsafe partial class Vector128Kernel
{
    protected override void AssignPanel(
        float* tile, float* start, float* lines, int dimension, int width, int center, in TileState state)
    {
        if (width == Wide)
        {
            WidePanel(tile, start, lines, dimension, center, state);
        }
        else
        {
            TailPanel(tile, start, lines, dimension, center, state);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidePanel(float* tile, float* start, float* lines, int dimension, int center, in TileState state)
    {
        Vector128<float> a0 = Vector128.Create(start[0]), b0 = a0;
        Vector128<float> a1 = Vector128.Create(start[1]), b1 = a1;
        Vector128<float> a2 = Vector128.Create(start[2]), b2 = a2;
        Vector128<float> a3 = Vector128.Create(start[3]), b3 = a3;
        Vector128<float> a4 = Vector128.Create(start[4]), b4 = a4;
        Vector128<float> a5 = Vector128.Create(start[5]), b5 = a5;
        Vector128<float> a6 = Vector128.Create(start[6]), b6 = a6;
        Vector128<float> a7 = Vector128.Create(start[7]), b7 = a7;
        Vector128<float> a8 = Vector128.Create(start[8]), b8 = a8;
        Vector128<float> a9 = Vector128.Create(start[9]), b9 = a9;
        Vector128<float> a10 = Vector128.Create(start[10]), b10 = a10;
        Vector128<float> a11 = Vector128.Create(start[11]), b11 = a11;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 12)
        {
            Vector128<float> x = Vector128.Load(tile), y = Vector128.Load(tile + Lanes), c;
            c = Vector128.Create(lines[0]);
            a0 = Vector128.MultiplyAddEstimate(x, c, a0);
            b0 = Vector128.MultiplyAddEstimate(y, c, b0);
            c = Vector128.Create(lines[1]);
            a1 = Vector128.MultiplyAddEstimate(x, c, a1);
            b1 = Vector128.MultiplyAddEstimate(y, c, b1);
            c = Vector128.Create(lines[2]);
            a2 = Vector128.MultiplyAddEstimate(x, c, a2);
            b2 = Vector128.MultiplyAddEstimate(y, c, b2);
            c = Vector128.Create(lines[3]);
            a3 = Vector128.MultiplyAddEstimate(x, c, a3);
            b3 = Vector128.MultiplyAddEstimate(y, c, b3);
            c = Vector128.Create(lines[4]);
            a4 = Vector128.MultiplyAddEstimate(x, c, a4);
            b4 = Vector128.MultiplyAddEstimate(y, c, b4);
            c = Vector128.Create(lines[5]);
            a5 = Vector128.MultiplyAddEstimate(x, c, a5);
            b5 = Vector128.MultiplyAddEstimate(y, c, b5);
            c = Vector128.Create(lines[6]);
            a6 = Vector128.MultiplyAddEstimate(x, c, a6);
            b6 = Vector128.MultiplyAddEstimate(y, c, b6);
            c = Vector128.Create(lines[7]);
            a7 = Vector128.MultiplyAddEstimate(x, c, a7);
            b7 = Vector128.MultiplyAddEstimate(y, c, b7);
            c = Vector128.Create(lines[8]);
            a8 = Vector128.MultiplyAddEstimate(x, c, a8);
            b8 = Vector128.MultiplyAddEstimate(y, c, b8);
            c = Vector128.Create(lines[9]);
            a9 = Vector128.MultiplyAddEstimate(x, c, a9);
            b9 = Vector128.MultiplyAddEstimate(y, c, b9);
            c = Vector128.Create(lines[10]);
            a10 = Vector128.MultiplyAddEstimate(x, c, a10);
            b10 = Vector128.MultiplyAddEstimate(y, c, b10);
            c = Vector128.Create(lines[11]);
            a11 = Vector128.MultiplyAddEstimate(x, c, a11);
            b11 = Vector128.MultiplyAddEstimate(y, c, b11);
        }

        Running low = Running.Load(state, 0), high = Running.Load(state, Lanes);
        low.Add(a0, center);
        high.Add(b0, center);
        low.Add(a1, center + 1);
        high.Add(b1, center + 1);
        low.Add(a2, center + 2);
        high.Add(b2, center + 2);
        low.Add(a3, center + 3);
        high.Add(b3, center + 3);
        low.Add(a4, center + 4);
        high.Add(b4, center + 4);
        low.Add(a5, center + 5);
        high.Add(b5, center + 5);
        low.Add(a6, center + 6);
        high.Add(b6, center + 6);
        low.Add(a7, center + 7);
        high.Add(b7, center + 7);
        low.Add(a8, center + 8);
        high.Add(b8, center + 8);
        low.Add(a9, center + 9);
        high.Add(b9, center + 9);
        low.Add(a10, center + 10);
        high.Add(b10, center + 10);
        low.Add(a11, center + 11);
        high.Add(b11, center + 11);
        low.Store(state, 0);
        high.Store(state, Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailPanel(float* tile, float* start, float* lines, int dimension, int center, in TileState state)
    {
        Vector128<float> a0 = Vector128.Create(start[0]), b0 = a0;
        Vector128<float> a1 = Vector128.Create(start[1]), b1 = a1;
        Vector128<float> a2 = Vector128.Create(start[2]), b2 = a2;
        Vector128<float> a3 = Vector128.Create(start[3]), b3 = a3;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 4)
        {
            Vector128<float> x = Vector128.Load(tile), y = Vector128.Load(tile + Lanes), c;
            c = Vector128.Create(lines[0]);
            a0 = Vector128.MultiplyAddEstimate(x, c, a0);
            b0 = Vector128.MultiplyAddEstimate(y, c, b0);
            c = Vector128.Create(lines[1]);
            a1 = Vector128.MultiplyAddEstimate(x, c, a1);
            b1 = Vector128.MultiplyAddEstimate(y, c, b1);
            c = Vector128.Create(lines[2]);
            a2 = Vector128.MultiplyAddEstimate(x, c, a2);
            b2 = Vector128.MultiplyAddEstimate(y, c, b2);
            c = Vector128.Create(lines[3]);
            a3 = Vector128.MultiplyAddEstimate(x, c, a3);
            b3 = Vector128.MultiplyAddEstimate(y, c, b3);
        }

        Running low = Running.Load(state, 0), high = Running.Load(state, Lanes);
        low.Add(a0, center);
        high.Add(b0, center);
        low.Add(a1, center + 1);
        high.Add(b1, center + 1);
        low.Add(a2, center + 2);
        high.Add(b2, center + 2);
        low.Add(a3, center + 3);
        high.Add(b3, center + 3);
        low.Store(state, 0);
        high.Store(state, Lanes);
    }
}
