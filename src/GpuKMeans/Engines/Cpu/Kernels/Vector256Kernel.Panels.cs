using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>Scores of a panel, folded into the best and second best as soon as they are known.</content>
internal sealed unsafe partial class Vector256Kernel
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
        Vector256<float> a0 = Vector256.Create(start[0]), b0 = a0;
        Vector256<float> a1 = Vector256.Create(start[1]), b1 = a1;
        Vector256<float> a2 = Vector256.Create(start[2]), b2 = a2;
        Vector256<float> a3 = Vector256.Create(start[3]), b3 = a3;
        Vector256<float> a4 = Vector256.Create(start[4]), b4 = a4;
        Vector256<float> a5 = Vector256.Create(start[5]), b5 = a5;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 6)
        {
            Vector256<float> x = Vector256.Load(tile), y = Vector256.Load(tile + Lanes), c;
            c = Vector256.Create(lines[0]);
            a0 = Vector256.FusedMultiplyAdd(x, c, a0);
            b0 = Vector256.FusedMultiplyAdd(y, c, b0);
            c = Vector256.Create(lines[1]);
            a1 = Vector256.FusedMultiplyAdd(x, c, a1);
            b1 = Vector256.FusedMultiplyAdd(y, c, b1);
            c = Vector256.Create(lines[2]);
            a2 = Vector256.FusedMultiplyAdd(x, c, a2);
            b2 = Vector256.FusedMultiplyAdd(y, c, b2);
            c = Vector256.Create(lines[3]);
            a3 = Vector256.FusedMultiplyAdd(x, c, a3);
            b3 = Vector256.FusedMultiplyAdd(y, c, b3);
            c = Vector256.Create(lines[4]);
            a4 = Vector256.FusedMultiplyAdd(x, c, a4);
            b4 = Vector256.FusedMultiplyAdd(y, c, b4);
            c = Vector256.Create(lines[5]);
            a5 = Vector256.FusedMultiplyAdd(x, c, a5);
            b5 = Vector256.FusedMultiplyAdd(y, c, b5);
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
        low.Store(state, 0);
        high.Store(state, Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailPanel(float* tile, float* start, float* lines, int dimension, int center, in TileState state)
    {
        Vector256<float> a0 = Vector256.Create(start[0]), b0 = a0;
        Vector256<float> a1 = Vector256.Create(start[1]), b1 = a1;
        float* end = tile + ((long)dimension * Rows);
        for (; tile < end; tile += Rows, lines += 2)
        {
            Vector256<float> x = Vector256.Load(tile), y = Vector256.Load(tile + Lanes), c;
            c = Vector256.Create(lines[0]);
            a0 = Vector256.FusedMultiplyAdd(x, c, a0);
            b0 = Vector256.FusedMultiplyAdd(y, c, b0);
            c = Vector256.Create(lines[1]);
            a1 = Vector256.FusedMultiplyAdd(x, c, a1);
            b1 = Vector256.FusedMultiplyAdd(y, c, b1);
        }

        Running low = Running.Load(state, 0), high = Running.Load(state, Lanes);
        low.Add(a0, center);
        high.Add(b0, center);
        low.Add(a1, center + 1);
        high.Add(b1, center + 1);
        low.Store(state, 0);
        high.Store(state, Lanes);
    }
}
