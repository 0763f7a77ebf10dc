using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

/// <content>Sums of a panel in whole numbers, and the scores they become.</content>
internal sealed unsafe partial class Vector256Kernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Add(Vector256<int> sum, Vector256<int> row, Vector256<int> center) => AvxVnni.IsSupported
        ? AvxVnni.MultiplyWideningAndAdd(sum, row.AsInt16(), center.AsInt16())
        : sum + Avx2.MultiplyAddAdjacent(row.AsInt16(), center.AsInt16());

    /// <summary>What sums of whole numbers become scores with, and where the best of a panel go.</summary>
    private readonly struct CoarseScores(float* rowUnits, float* starts, float* units, int center, float* bests)
    {
        public readonly float* Bests = bests;
        public readonly float* RowUnits = rowUnits;
        public readonly float* Starts = starts;
        public readonly float* Units = units;
        public readonly int Center = center;
    }

    /// <summary>Folds the scores of a panel into the state, and their best.</summary>
    private struct CoarseBest
    {
        private readonly CoarseScores _scores;
        private readonly Vector256<float> _units;
        private readonly int _lane;
        private Running _running;
        private Vector256<float> _best;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public CoarseBest(in CoarseScores scores, in TileState state, int lane)
        {
            (_scores, _lane, _running) = (scores, lane, Running.Load(state, lane));
            _units = Vector256.Load(scores.RowUnits + lane);
            _best = Vector256.Create(float.NegativeInfinity);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector256<int> sum, int j)
        {
            Vector256<float> product = Vector256.ConvertToSingle(sum) * Vector256.Create(_scores.Units[j]);
            Vector256<float> score = Vector256.FusedMultiplyAdd(product, _units, Vector256.Create(_scores.Starts[j]));
            _best = Vector256.MaxNative(_best, score);
            _running.Add(score, _scores.Center + j);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(in TileState state)
        {
            _best.Store(_scores.Bests + _lane);
            _running.Store(state, _lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WideCoarse(
        int* tile, int* lines, int pairs, int* from, int* to, in CoarseScores scores, in TileState state)
    {
        Vector256<int> a0 = Vector256<int>.Zero, b0 = a0;
        Vector256<int> a1 = Vector256<int>.Zero, b1 = a1;
        Vector256<int> a2 = Vector256<int>.Zero, b2 = a2;
        Vector256<int> a3 = Vector256<int>.Zero, b3 = a3;
        Vector256<int> a4 = Vector256<int>.Zero, b4 = a4;
        Vector256<int> a5 = Vector256<int>.Zero, b5 = a5;
        if (from is not null)
        {
            a0 = Vector256.Load(from + (0 * Rows));
            b0 = Vector256.Load(from + (0 * Rows) + Lanes);
            a1 = Vector256.Load(from + (1 * Rows));
            b1 = Vector256.Load(from + (1 * Rows) + Lanes);
            a2 = Vector256.Load(from + (2 * Rows));
            b2 = Vector256.Load(from + (2 * Rows) + Lanes);
            a3 = Vector256.Load(from + (3 * Rows));
            b3 = Vector256.Load(from + (3 * Rows) + Lanes);
            a4 = Vector256.Load(from + (4 * Rows));
            b4 = Vector256.Load(from + (4 * Rows) + Lanes);
            a5 = Vector256.Load(from + (5 * Rows));
            b5 = Vector256.Load(from + (5 * Rows) + Lanes);
        }

        int* end = tile + ((long)pairs * Rows);
        for (; tile < end; tile += Rows, lines += 6)
        {
            Vector256<int> x = Vector256.Load(tile), y = Vector256.Load(tile + Lanes), c;
            c = Vector256.Create(lines[0]);
            a0 = Add(a0, x, c);
            b0 = Add(b0, y, c);
            c = Vector256.Create(lines[1]);
            a1 = Add(a1, x, c);
            b1 = Add(b1, y, c);
            c = Vector256.Create(lines[2]);
            a2 = Add(a2, x, c);
            b2 = Add(b2, y, c);
            c = Vector256.Create(lines[3]);
            a3 = Add(a3, x, c);
            b3 = Add(b3, y, c);
            c = Vector256.Create(lines[4]);
            a4 = Add(a4, x, c);
            b4 = Add(b4, y, c);
            c = Vector256.Create(lines[5]);
            a5 = Add(a5, x, c);
            b5 = Add(b5, y, c);
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
            return;
        }

        var low = new CoarseBest(scores, state, 0);
        low.Add(a0, 0);
        low.Add(a1, 1);
        low.Add(a2, 2);
        low.Add(a3, 3);
        low.Add(a4, 4);
        low.Add(a5, 5);
        low.Store(state);
        var high = new CoarseBest(scores, state, Lanes);
        high.Add(b0, 0);
        high.Add(b1, 1);
        high.Add(b2, 2);
        high.Add(b3, 3);
        high.Add(b4, 4);
        high.Add(b5, 5);
        high.Store(state);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailCoarse(
        int* tile, int* lines, int pairs, int* from, int* to, in CoarseScores scores, in TileState state)
    {
        Vector256<int> a0 = Vector256<int>.Zero, b0 = a0;
        Vector256<int> a1 = Vector256<int>.Zero, b1 = a1;
        if (from is not null)
        {
            a0 = Vector256.Load(from + (0 * Rows));
            b0 = Vector256.Load(from + (0 * Rows) + Lanes);
            a1 = Vector256.Load(from + (1 * Rows));
            b1 = Vector256.Load(from + (1 * Rows) + Lanes);
        }

        int* end = tile + ((long)pairs * Rows);
        for (; tile < end; tile += Rows, lines += 2)
        {
            Vector256<int> x = Vector256.Load(tile), y = Vector256.Load(tile + Lanes), c;
            c = Vector256.Create(lines[0]);
            a0 = Add(a0, x, c);
            b0 = Add(b0, y, c);
            c = Vector256.Create(lines[1]);
            a1 = Add(a1, x, c);
            b1 = Add(b1, y, c);
        }

        if (to is not null)
        {
            a0.Store(to + (0 * Rows));
            b0.Store(to + (0 * Rows) + Lanes);
            a1.Store(to + (1 * Rows));
            b1.Store(to + (1 * Rows) + Lanes);
            return;
        }

        var low = new CoarseBest(scores, state, 0);
        low.Add(a0, 0);
        low.Add(a1, 1);
        low.Store(state);
        var high = new CoarseBest(scores, state, Lanes);
        high.Add(b0, 0);
        high.Add(b1, 1);
        high.Store(state);
    }
}
