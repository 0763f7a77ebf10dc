using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>Scores of rows too long for the first-level cache, a chunk of columns at a time.</content>
internal sealed unsafe partial class Vector256Kernel
{
    protected override void ScoreChunk(
        float* tile, float* start, float* lines, int columns, int width, bool first, float* scores)
    {
        if (width == Wide)
        {
            WideChunk(tile, start, lines, columns, first, scores);
        }
        else
        {
            TailChunk(tile, start, lines, columns, first, scores);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Fold(float* scores, int center, int count, in TileState state)
    {
        Running low = Running.Load(state, 0), high = Running.Load(state, Lanes);
        for (int end = center + count; center < end; center++, scores += Rows)
        {
            low.Add(Vector256.Load(scores), center);
            high.Add(Vector256.Load(scores + Lanes), center);
        }

        low.Store(state, 0);
        high.Store(state, Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Reaching(float* scores, int count, float* thresholds, uint* masks)
    {
        Vector256<float> low = Vector256.Load(thresholds), high = Vector256.Load(thresholds + Lanes);
        for (int j = 0; j < count; j++, scores += Rows)
        {
            // Not "score >= threshold": what is not a number is in question.
            uint below = (uint)Vector256.LessThan(Vector256.Load(scores), low).ExtractMostSignificantBits();
            uint belowHigh = (uint)Vector256.LessThan(Vector256.Load(scores + Lanes), high).ExtractMostSignificantBits();
            masks[j] = ~(below | (belowHigh << Lanes));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WideChunk(float* tile, float* start, float* lines, int columns, bool first, float* scores)
    {
        Vector256<float> a0 = Vector256.Create(start[0]), b0 = a0;
        Vector256<float> a1 = Vector256.Create(start[1]), b1 = a1;
        Vector256<float> a2 = Vector256.Create(start[2]), b2 = a2;
        Vector256<float> a3 = Vector256.Create(start[3]), b3 = a3;
        Vector256<float> a4 = Vector256.Create(start[4]), b4 = a4;
        Vector256<float> a5 = Vector256.Create(start[5]), b5 = a5;
        float* end = tile + ((long)columns * Rows);
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

        if (!first)
        {
            a0 += Vector256.Load(scores + (0 * Rows));
            b0 += Vector256.Load(scores + (0 * Rows) + Lanes);
            a1 += Vector256.Load(scores + (1 * Rows));
            b1 += Vector256.Load(scores + (1 * Rows) + Lanes);
            a2 += Vector256.Load(scores + (2 * Rows));
            b2 += Vector256.Load(scores + (2 * Rows) + Lanes);
            a3 += Vector256.Load(scores + (3 * Rows));
            b3 += Vector256.Load(scores + (3 * Rows) + Lanes);
            a4 += Vector256.Load(scores + (4 * Rows));
            b4 += Vector256.Load(scores + (4 * Rows) + Lanes);
            a5 += Vector256.Load(scores + (5 * Rows));
            b5 += Vector256.Load(scores + (5 * Rows) + Lanes);
        }

        a0.Store(scores + (0 * Rows));
        b0.Store(scores + (0 * Rows) + Lanes);
        a1.Store(scores + (1 * Rows));
        b1.Store(scores + (1 * Rows) + Lanes);
        a2.Store(scores + (2 * Rows));
        b2.Store(scores + (2 * Rows) + Lanes);
        a3.Store(scores + (3 * Rows));
        b3.Store(scores + (3 * Rows) + Lanes);
        a4.Store(scores + (4 * Rows));
        b4.Store(scores + (4 * Rows) + Lanes);
        a5.Store(scores + (5 * Rows));
        b5.Store(scores + (5 * Rows) + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailChunk(float* tile, float* start, float* lines, int columns, bool first, float* scores)
    {
        Vector256<float> a0 = Vector256.Create(start[0]), b0 = a0;
        Vector256<float> a1 = Vector256.Create(start[1]), b1 = a1;
        float* end = tile + ((long)columns * Rows);
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

        if (!first)
        {
            a0 += Vector256.Load(scores + (0 * Rows));
            b0 += Vector256.Load(scores + (0 * Rows) + Lanes);
            a1 += Vector256.Load(scores + (1 * Rows));
            b1 += Vector256.Load(scores + (1 * Rows) + Lanes);
        }

        a0.Store(scores + (0 * Rows));
        b0.Store(scores + (0 * Rows) + Lanes);
        a1.Store(scores + (1 * Rows));
        b1.Store(scores + (1 * Rows) + Lanes);
    }
}
