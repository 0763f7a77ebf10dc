using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

/// <content>Sums of a panel in whole numbers, and the scores they become.</content>
internal sealed unsafe partial class Vector512Kernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Add(Vector512<int> sum, Vector512<int> row, Vector512<int> center) =>
        sum + Avx512BW.MultiplyAddAdjacent(row.AsInt16(), center.AsInt16());

    /// <summary>What sums of whole numbers become scores with, and where the best of a panel go.</summary>
    private readonly struct CoarseScores(float* rowUnits, float* starts, float* units, int center, float* bests)
    {
        public readonly float* Bests = bests;
        public readonly int Center = center;
        public readonly float* RowUnits = rowUnits;
        public readonly float* Starts = starts;
        public readonly float* Units = units;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Score(Vector512<int> sum, float* unit, Vector512<float> rowUnits, float* start) =>
        Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(sum) * Vector512.Create(*unit), rowUnits, Vector512.Create(*start));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Keep(float* place, Vector512<float> score) =>
        Vector512.MaxNative(score, Vector512.Load(place)).Store(place);

    // The best of a panel.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(Vector512<float> best, int lane, in CoarseScores scores, in TileState state)
    {
        best.Store(scores.Bests + lane);
        Running running = Running.Load(state, lane);
        running.Add(best, scores.Center);
        running.Store(state, lane);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WideCoarse(
        int* tile, int* lines, int pairs, int* from, int* to, in CoarseScores scores, in TileState state, float* places)
    {
        Vector512<int> a0 = Vector512<int>.Zero, b0 = a0;
        Vector512<int> a1 = Vector512<int>.Zero, b1 = a1;
        Vector512<int> a2 = Vector512<int>.Zero, b2 = a2;
        Vector512<int> a3 = Vector512<int>.Zero, b3 = a3;
        Vector512<int> a4 = Vector512<int>.Zero, b4 = a4;
        Vector512<int> a5 = Vector512<int>.Zero, b5 = a5;
        Vector512<int> a6 = Vector512<int>.Zero, b6 = a6;
        Vector512<int> a7 = Vector512<int>.Zero, b7 = a7;
        Vector512<int> a8 = Vector512<int>.Zero, b8 = a8;
        Vector512<int> a9 = Vector512<int>.Zero, b9 = a9;
        Vector512<int> a10 = Vector512<int>.Zero, b10 = a10;
        Vector512<int> a11 = Vector512<int>.Zero, b11 = a11;
        if (from is not null)
        {
            a0 = Vector512.Load(from + (0 * Rows));
            b0 = Vector512.Load(from + (0 * Rows) + Lanes);
            a1 = Vector512.Load(from + (1 * Rows));
            b1 = Vector512.Load(from + (1 * Rows) + Lanes);
            a2 = Vector512.Load(from + (2 * Rows));
            b2 = Vector512.Load(from + (2 * Rows) + Lanes);
            a3 = Vector512.Load(from + (3 * Rows));
            b3 = Vector512.Load(from + (3 * Rows) + Lanes);
            a4 = Vector512.Load(from + (4 * Rows));
            b4 = Vector512.Load(from + (4 * Rows) + Lanes);
            a5 = Vector512.Load(from + (5 * Rows));
            b5 = Vector512.Load(from + (5 * Rows) + Lanes);
            a6 = Vector512.Load(from + (6 * Rows));
            b6 = Vector512.Load(from + (6 * Rows) + Lanes);
            a7 = Vector512.Load(from + (7 * Rows));
            b7 = Vector512.Load(from + (7 * Rows) + Lanes);
            a8 = Vector512.Load(from + (8 * Rows));
            b8 = Vector512.Load(from + (8 * Rows) + Lanes);
            a9 = Vector512.Load(from + (9 * Rows));
            b9 = Vector512.Load(from + (9 * Rows) + Lanes);
            a10 = Vector512.Load(from + (10 * Rows));
            b10 = Vector512.Load(from + (10 * Rows) + Lanes);
            a11 = Vector512.Load(from + (11 * Rows));
            b11 = Vector512.Load(from + (11 * Rows) + Lanes);
        }

        int* end = tile + ((long)pairs * Rows);
        for (; tile < end; tile += Rows, lines += 12)
        {
            Vector512<int> x = Vector512.Load(tile), y = Vector512.Load(tile + Lanes), c;
            c = Vector512.Create(lines[0]);
            a0 = Add(a0, x, c);
            b0 = Add(b0, y, c);
            c = Vector512.Create(lines[1]);
            a1 = Add(a1, x, c);
            b1 = Add(b1, y, c);
            c = Vector512.Create(lines[2]);
            a2 = Add(a2, x, c);
            b2 = Add(b2, y, c);
            c = Vector512.Create(lines[3]);
            a3 = Add(a3, x, c);
            b3 = Add(b3, y, c);
            c = Vector512.Create(lines[4]);
            a4 = Add(a4, x, c);
            b4 = Add(b4, y, c);
            c = Vector512.Create(lines[5]);
            a5 = Add(a5, x, c);
            b5 = Add(b5, y, c);
            c = Vector512.Create(lines[6]);
            a6 = Add(a6, x, c);
            b6 = Add(b6, y, c);
            c = Vector512.Create(lines[7]);
            a7 = Add(a7, x, c);
            b7 = Add(b7, y, c);
            c = Vector512.Create(lines[8]);
            a8 = Add(a8, x, c);
            b8 = Add(b8, y, c);
            c = Vector512.Create(lines[9]);
            a9 = Add(a9, x, c);
            b9 = Add(b9, y, c);
            c = Vector512.Create(lines[10]);
            a10 = Add(a10, x, c);
            b10 = Add(b10, y, c);
            c = Vector512.Create(lines[11]);
            a11 = Add(a11, x, c);
            b11 = Add(b11, y, c);
        }

        if (to is not null)
        {
            a0.Store(to + (0 * Rows));
            b0.Store(to + (0 * Rows) + Lanes);
            a1.Store(to + (1 * Rows));
            b1.Store(to + (1 * Rows) + Lanes);
            a2.Store(to + (2 * Rows));
            b2.Store(to + (2 * Rows) + Lanes);
            a3.Store(to + (3 * Rows));
            b3.Store(to + (3 * Rows) + Lanes);
            a4.Store(to + (4 * Rows));
            b4.Store(to + (4 * Rows) + Lanes);
            a5.Store(to + (5 * Rows));
            b5.Store(to + (5 * Rows) + Lanes);
            a6.Store(to + (6 * Rows));
            b6.Store(to + (6 * Rows) + Lanes);
            a7.Store(to + (7 * Rows));
            b7.Store(to + (7 * Rows) + Lanes);
            a8.Store(to + (8 * Rows));
            b8.Store(to + (8 * Rows) + Lanes);
            a9.Store(to + (9 * Rows));
            b9.Store(to + (9 * Rows) + Lanes);
            a10.Store(to + (10 * Rows));
            b10.Store(to + (10 * Rows) + Lanes);
            a11.Store(to + (11 * Rows));
            b11.Store(to + (11 * Rows) + Lanes);
            return;
        }

        float* starts = scores.Starts, units = scores.Units;
        Vector512<float> rowUnits = Vector512.Load(scores.RowUnits), best = Vector512.Create(float.NegativeInfinity), score;
        score = Score(a0, units + 0, rowUnits, starts + 0);
        best = Vector512.MaxNative(best, score);
        Keep(places + (0 * Rows), score);
        score = Score(a1, units + 1, rowUnits, starts + 1);
        best = Vector512.MaxNative(best, score);
        Keep(places + (1 * Rows), score);
        score = Score(a2, units + 2, rowUnits, starts + 2);
        best = Vector512.MaxNative(best, score);
        Keep(places + (2 * Rows), score);
        score = Score(a3, units + 3, rowUnits, starts + 3);
        best = Vector512.MaxNative(best, score);
        Keep(places + (3 * Rows), score);
        score = Score(a4, units + 4, rowUnits, starts + 4);
        best = Vector512.MaxNative(best, score);
        Keep(places + (4 * Rows), score);
        score = Score(a5, units + 5, rowUnits, starts + 5);
        best = Vector512.MaxNative(best, score);
        Keep(places + (5 * Rows), score);
        score = Score(a6, units + 6, rowUnits, starts + 6);
        best = Vector512.MaxNative(best, score);
        Keep(places + (6 * Rows), score);
        score = Score(a7, units + 7, rowUnits, starts + 7);
        best = Vector512.MaxNative(best, score);
        Keep(places + (7 * Rows), score);
        score = Score(a8, units + 8, rowUnits, starts + 8);
        best = Vector512.MaxNative(best, score);
        Keep(places + (8 * Rows), score);
        score = Score(a9, units + 9, rowUnits, starts + 9);
        best = Vector512.MaxNative(best, score);
        Keep(places + (9 * Rows), score);
        score = Score(a10, units + 10, rowUnits, starts + 10);
        best = Vector512.MaxNative(best, score);
        Keep(places + (10 * Rows), score);
        score = Score(a11, units + 11, rowUnits, starts + 11);
        best = Vector512.MaxNative(best, score);
        Keep(places + (11 * Rows), score);
        Finish(best, 0, scores, state);
        rowUnits = Vector512.Load(scores.RowUnits + Lanes);
        best = Vector512.Create(float.NegativeInfinity);
        score = Score(b0, units + 0, rowUnits, starts + 0);
        best = Vector512.MaxNative(best, score);
        Keep(places + (0 * Rows) + Lanes, score);
        score = Score(b1, units + 1, rowUnits, starts + 1);
        best = Vector512.MaxNative(best, score);
        Keep(places + (1 * Rows) + Lanes, score);
        score = Score(b2, units + 2, rowUnits, starts + 2);
        best = Vector512.MaxNative(best, score);
        Keep(places + (2 * Rows) + Lanes, score);
        score = Score(b3, units + 3, rowUnits, starts + 3);
        best = Vector512.MaxNative(best, score);
        Keep(places + (3 * Rows) + Lanes, score);
        score = Score(b4, units + 4, rowUnits, starts + 4);
        best = Vector512.MaxNative(best, score);
        Keep(places + (4 * Rows) + Lanes, score);
        score = Score(b5, units + 5, rowUnits, starts + 5);
        best = Vector512.MaxNative(best, score);
        Keep(places + (5 * Rows) + Lanes, score);
        score = Score(b6, units + 6, rowUnits, starts + 6);
        best = Vector512.MaxNative(best, score);
        Keep(places + (6 * Rows) + Lanes, score);
        score = Score(b7, units + 7, rowUnits, starts + 7);
        best = Vector512.MaxNative(best, score);
        Keep(places + (7 * Rows) + Lanes, score);
        score = Score(b8, units + 8, rowUnits, starts + 8);
        best = Vector512.MaxNative(best, score);
        Keep(places + (8 * Rows) + Lanes, score);
        score = Score(b9, units + 9, rowUnits, starts + 9);
        best = Vector512.MaxNative(best, score);
        Keep(places + (9 * Rows) + Lanes, score);
        score = Score(b10, units + 10, rowUnits, starts + 10);
        best = Vector512.MaxNative(best, score);
        Keep(places + (10 * Rows) + Lanes, score);
        score = Score(b11, units + 11, rowUnits, starts + 11);
        best = Vector512.MaxNative(best, score);
        Keep(places + (11 * Rows) + Lanes, score);
        Finish(best, Lanes, scores, state);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailCoarse(
        int* tile, int* lines, int pairs, int* from, int* to, in CoarseScores scores, in TileState state, float* places)
    {
        Vector512<int> a0 = Vector512<int>.Zero, b0 = a0;
        Vector512<int> a1 = Vector512<int>.Zero, b1 = a1;
        Vector512<int> a2 = Vector512<int>.Zero, b2 = a2;
        Vector512<int> a3 = Vector512<int>.Zero, b3 = a3;
        if (from is not null)
        {
            a0 = Vector512.Load(from + (0 * Rows));
            b0 = Vector512.Load(from + (0 * Rows) + Lanes);
            a1 = Vector512.Load(from + (1 * Rows));
            b1 = Vector512.Load(from + (1 * Rows) + Lanes);
            a2 = Vector512.Load(from + (2 * Rows));
            b2 = Vector512.Load(from + (2 * Rows) + Lanes);
            a3 = Vector512.Load(from + (3 * Rows));
            b3 = Vector512.Load(from + (3 * Rows) + Lanes);
        }

        int* end = tile + ((long)pairs * Rows);
        for (; tile < end; tile += Rows, lines += 4)
        {
            Vector512<int> x = Vector512.Load(tile), y = Vector512.Load(tile + Lanes), c;
            c = Vector512.Create(lines[0]);
            a0 = Add(a0, x, c);
            b0 = Add(b0, y, c);
            c = Vector512.Create(lines[1]);
            a1 = Add(a1, x, c);
            b1 = Add(b1, y, c);
            c = Vector512.Create(lines[2]);
            a2 = Add(a2, x, c);
            b2 = Add(b2, y, c);
            c = Vector512.Create(lines[3]);
            a3 = Add(a3, x, c);
            b3 = Add(b3, y, c);
        }

        if (to is not null)
        {
            a0.Store(to + (0 * Rows));
            b0.Store(to + (0 * Rows) + Lanes);
            a1.Store(to + (1 * Rows));
            b1.Store(to + (1 * Rows) + Lanes);
            a2.Store(to + (2 * Rows));
            b2.Store(to + (2 * Rows) + Lanes);
            a3.Store(to + (3 * Rows));
            b3.Store(to + (3 * Rows) + Lanes);
            return;
        }

        float* starts = scores.Starts, units = scores.Units;
        Vector512<float> rowUnits = Vector512.Load(scores.RowUnits), best = Vector512.Create(float.NegativeInfinity), score;
        score = Score(a0, units + 0, rowUnits, starts + 0);
        best = Vector512.MaxNative(best, score);
        Keep(places + (0 * Rows), score);
        score = Score(a1, units + 1, rowUnits, starts + 1);
        best = Vector512.MaxNative(best, score);
        Keep(places + (1 * Rows), score);
        score = Score(a2, units + 2, rowUnits, starts + 2);
        best = Vector512.MaxNative(best, score);
        Keep(places + (2 * Rows), score);
        score = Score(a3, units + 3, rowUnits, starts + 3);
        best = Vector512.MaxNative(best, score);
        Keep(places + (3 * Rows), score);
        Finish(best, 0, scores, state);
        rowUnits = Vector512.Load(scores.RowUnits + Lanes);
        best = Vector512.Create(float.NegativeInfinity);
        score = Score(b0, units + 0, rowUnits, starts + 0);
        best = Vector512.MaxNative(best, score);
        Keep(places + (0 * Rows) + Lanes, score);
        score = Score(b1, units + 1, rowUnits, starts + 1);
        best = Vector512.MaxNative(best, score);
        Keep(places + (1 * Rows) + Lanes, score);
        score = Score(b2, units + 2, rowUnits, starts + 2);
        best = Vector512.MaxNative(best, score);
        Keep(places + (2 * Rows) + Lanes, score);
        score = Score(b3, units + 3, rowUnits, starts + 3);
        best = Vector512.MaxNative(best, score);
        Keep(places + (3 * Rows) + Lanes, score);
        Finish(best, Lanes, scores, state);
    }
}
