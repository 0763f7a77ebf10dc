using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>Scores of rows too long for the first-level cache, a chunk of columns at a time.</content>
internal sealed unsafe partial class Vector512Kernel
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
            low.Add(Vector512.Load(scores), center);
            high.Add(Vector512.Load(scores + Lanes), center);
        }

        low.Store(state, 0);
        high.Store(state, Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Reaching(float* scores, int count, float* thresholds, uint* masks)
    {
        Vector512<float> low = Vector512.Load(thresholds), high = Vector512.Load(thresholds + Lanes);
        for (int j = 0; j < count; j++, scores += Rows)
        {
            // Not "score >= threshold": what is not a number is in question.
            uint below = (uint)Vector512.LessThan(Vector512.Load(scores), low).ExtractMostSignificantBits();
            uint belowHigh = (uint)Vector512.LessThan(Vector512.Load(scores + Lanes), high).ExtractMostSignificantBits();
            masks[j] = ~(below | (belowHigh << Lanes));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WideChunk(float* tile, float* start, float* lines, int columns, bool first, float* scores)
    {
        Vector512<float> a0 = Vector512.Create(start[0]), b0 = a0;
        Vector512<float> a1 = Vector512.Create(start[1]), b1 = a1;
        Vector512<float> a2 = Vector512.Create(start[2]), b2 = a2;
        Vector512<float> a3 = Vector512.Create(start[3]), b3 = a3;
        Vector512<float> a4 = Vector512.Create(start[4]), b4 = a4;
        Vector512<float> a5 = Vector512.Create(start[5]), b5 = a5;
        Vector512<float> a6 = Vector512.Create(start[6]), b6 = a6;
        Vector512<float> a7 = Vector512.Create(start[7]), b7 = a7;
        Vector512<float> a8 = Vector512.Create(start[8]), b8 = a8;
        Vector512<float> a9 = Vector512.Create(start[9]), b9 = a9;
        Vector512<float> a10 = Vector512.Create(start[10]), b10 = a10;
        Vector512<float> a11 = Vector512.Create(start[11]), b11 = a11;
        float* end = tile + ((long)columns * Rows);
        for (; tile < end; tile += Rows, lines += 12)
        {
            Vector512<float> x = Vector512.Load(tile), y = Vector512.Load(tile + Lanes), c;
            c = Vector512.Create(lines[0]);
            a0 = Vector512.FusedMultiplyAdd(x, c, a0);
            b0 = Vector512.FusedMultiplyAdd(y, c, b0);
            c = Vector512.Create(lines[1]);
            a1 = Vector512.FusedMultiplyAdd(x, c, a1);
            b1 = Vector512.FusedMultiplyAdd(y, c, b1);
            c = Vector512.Create(lines[2]);
            a2 = Vector512.FusedMultiplyAdd(x, c, a2);
            b2 = Vector512.FusedMultiplyAdd(y, c, b2);
            c = Vector512.Create(lines[3]);
            a3 = Vector512.FusedMultiplyAdd(x, c, a3);
            b3 = Vector512.FusedMultiplyAdd(y, c, b3);
            c = Vector512.Create(lines[4]);
            a4 = Vector512.FusedMultiplyAdd(x, c, a4);
            b4 = Vector512.FusedMultiplyAdd(y, c, b4);
            c = Vector512.Create(lines[5]);
            a5 = Vector512.FusedMultiplyAdd(x, c, a5);
            b5 = Vector512.FusedMultiplyAdd(y, c, b5);
            c = Vector512.Create(lines[6]);
            a6 = Vector512.FusedMultiplyAdd(x, c, a6);
            b6 = Vector512.FusedMultiplyAdd(y, c, b6);
            c = Vector512.Create(lines[7]);
            a7 = Vector512.FusedMultiplyAdd(x, c, a7);
            b7 = Vector512.FusedMultiplyAdd(y, c, b7);
            c = Vector512.Create(lines[8]);
            a8 = Vector512.FusedMultiplyAdd(x, c, a8);
            b8 = Vector512.FusedMultiplyAdd(y, c, b8);
            c = Vector512.Create(lines[9]);
            a9 = Vector512.FusedMultiplyAdd(x, c, a9);
            b9 = Vector512.FusedMultiplyAdd(y, c, b9);
            c = Vector512.Create(lines[10]);
            a10 = Vector512.FusedMultiplyAdd(x, c, a10);
            b10 = Vector512.FusedMultiplyAdd(y, c, b10);
            c = Vector512.Create(lines[11]);
            a11 = Vector512.FusedMultiplyAdd(x, c, a11);
            b11 = Vector512.FusedMultiplyAdd(y, c, b11);
        }

        if (!first)
        {
            a0 += Vector512.Load(scores + (0 * Rows));
            b0 += Vector512.Load(scores + (0 * Rows) + Lanes);
            a1 += Vector512.Load(scores + (1 * Rows));
            b1 += Vector512.Load(scores + (1 * Rows) + Lanes);
            a2 += Vector512.Load(scores + (2 * Rows));
            b2 += Vector512.Load(scores + (2 * Rows) + Lanes);
            a3 += Vector512.Load(scores + (3 * Rows));
            b3 += Vector512.Load(scores + (3 * Rows) + Lanes);
            a4 += Vector512.Load(scores + (4 * Rows));
            b4 += Vector512.Load(scores + (4 * Rows) + Lanes);
            a5 += Vector512.Load(scores + (5 * Rows));
            b5 += Vector512.Load(scores + (5 * Rows) + Lanes);
            a6 += Vector512.Load(scores + (6 * Rows));
            b6 += Vector512.Load(scores + (6 * Rows) + Lanes);
            a7 += Vector512.Load(scores + (7 * Rows));
            b7 += Vector512.Load(scores + (7 * Rows) + Lanes);
            a8 += Vector512.Load(scores + (8 * Rows));
            b8 += Vector512.Load(scores + (8 * Rows) + Lanes);
            a9 += Vector512.Load(scores + (9 * Rows));
            b9 += Vector512.Load(scores + (9 * Rows) + Lanes);
            a10 += Vector512.Load(scores + (10 * Rows));
            b10 += Vector512.Load(scores + (10 * Rows) + Lanes);
            a11 += Vector512.Load(scores + (11 * Rows));
            b11 += Vector512.Load(scores + (11 * Rows) + Lanes);
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
        a6.Store(scores + (6 * Rows));
        b6.Store(scores + (6 * Rows) + Lanes);
        a7.Store(scores + (7 * Rows));
        b7.Store(scores + (7 * Rows) + Lanes);
        a8.Store(scores + (8 * Rows));
        b8.Store(scores + (8 * Rows) + Lanes);
        a9.Store(scores + (9 * Rows));
        b9.Store(scores + (9 * Rows) + Lanes);
        a10.Store(scores + (10 * Rows));
        b10.Store(scores + (10 * Rows) + Lanes);
        a11.Store(scores + (11 * Rows));
        b11.Store(scores + (11 * Rows) + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailChunk(float* tile, float* start, float* lines, int columns, bool first, float* scores)
    {
        Vector512<float> a0 = Vector512.Create(start[0]), b0 = a0;
        Vector512<float> a1 = Vector512.Create(start[1]), b1 = a1;
        Vector512<float> a2 = Vector512.Create(start[2]), b2 = a2;
        Vector512<float> a3 = Vector512.Create(start[3]), b3 = a3;
        float* end = tile + ((long)columns * Rows);
        for (; tile < end; tile += Rows, lines += 4)
        {
            Vector512<float> x = Vector512.Load(tile), y = Vector512.Load(tile + Lanes), c;
            c = Vector512.Create(lines[0]);
            a0 = Vector512.FusedMultiplyAdd(x, c, a0);
            b0 = Vector512.FusedMultiplyAdd(y, c, b0);
            c = Vector512.Create(lines[1]);
            a1 = Vector512.FusedMultiplyAdd(x, c, a1);
            b1 = Vector512.FusedMultiplyAdd(y, c, b1);
            c = Vector512.Create(lines[2]);
            a2 = Vector512.FusedMultiplyAdd(x, c, a2);
            b2 = Vector512.FusedMultiplyAdd(y, c, b2);
            c = Vector512.Create(lines[3]);
            a3 = Vector512.FusedMultiplyAdd(x, c, a3);
            b3 = Vector512.FusedMultiplyAdd(y, c, b3);
        }

        if (!first)
        {
            a0 += Vector512.Load(scores + (0 * Rows));
            b0 += Vector512.Load(scores + (0 * Rows) + Lanes);
            a1 += Vector512.Load(scores + (1 * Rows));
            b1 += Vector512.Load(scores + (1 * Rows) + Lanes);
            a2 += Vector512.Load(scores + (2 * Rows));
            b2 += Vector512.Load(scores + (2 * Rows) + Lanes);
            a3 += Vector512.Load(scores + (3 * Rows));
            b3 += Vector512.Load(scores + (3 * Rows) + Lanes);
        }

        a0.Store(scores + (0 * Rows));
        b0.Store(scores + (0 * Rows) + Lanes);
        a1.Store(scores + (1 * Rows));
        b1.Store(scores + (1 * Rows) + Lanes);
        a2.Store(scores + (2 * Rows));
        b2.Store(scores + (2 * Rows) + Lanes);
        a3.Store(scores + (3 * Rows));
        b3.Store(scores + (3 * Rows) + Lanes);
    }
}
