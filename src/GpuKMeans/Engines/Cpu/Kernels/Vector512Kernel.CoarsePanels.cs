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

    /// <summary>Folds the scores of a panel into the best of the panels and those of the places.</summary>
    private struct CoarseBest
    {
        private readonly float* _starts;
        private readonly float* _units;
        private readonly float* _places;
        private readonly Vector512<float> _rowUnits;
        private Vector512<float> _best;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public CoarseBest(in CoarseScores scores, float* places, int lane)
        {
            _starts = scores.Starts;
            _units = scores.Units;
            _places = places + lane;
            _rowUnits = Vector512.Load(scores.RowUnits + lane);
            _best = Vector512.Create(float.NegativeInfinity);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector512<int> sum, int j)
        {
            Vector512<float> product = Vector512.ConvertToSingle(sum) * Vector512.Create(_units[j]);
            Vector512<float> score = Vector512.FusedMultiplyAdd(product, _rowUnits, Vector512.Create(_starts[j]));
            _best = Vector512.MaxNative(_best, score);
            float* place = _places + (j * Rows);
            Vector512.MaxNative(score, Vector512.Load(place)).Store(place);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(in CoarseScores scores, in TileState state, int lane)
        {
            _best.Store(scores.Bests + lane);
            Running running = Running.Load(state, lane);
            running.Add(_best, scores.Center);
            running.Store(state, lane);
        }
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

        var low = new CoarseBest(scores, places, 0);
        low.Add(a0, 0);
        low.Add(a1, 1);
        low.Add(a2, 2);
        low.Add(a3, 3);
        low.Add(a4, 4);
        low.Add(a5, 5);
        low.Add(a6, 6);
        low.Add(a7, 7);
        low.Add(a8, 8);
        low.Add(a9, 9);
        low.Add(a10, 10);
        low.Add(a11, 11);
        low.Store(scores, state, 0);
        var high = new CoarseBest(scores, places, Lanes);
        high.Add(b0, 0);
        high.Add(b1, 1);
        high.Add(b2, 2);
        high.Add(b3, 3);
        high.Add(b4, 4);
        high.Add(b5, 5);
        high.Add(b6, 6);
        high.Add(b7, 7);
        high.Add(b8, 8);
        high.Add(b9, 9);
        high.Add(b10, 10);
        high.Add(b11, 11);
        high.Store(scores, state, Lanes);
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

        var low = new CoarseBest(scores, places, 0);
        low.Add(a0, 0);
        low.Add(a1, 1);
        low.Add(a2, 2);
        low.Add(a3, 3);
        low.Store(scores, state, 0);
        var high = new CoarseBest(scores, places, Lanes);
        high.Add(b0, 0);
        high.Add(b1, 1);
        high.Add(b2, 2);
        high.Add(b3, 3);
        high.Store(scores, state, Lanes);
    }
}
