using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

/// <content>Scores in 16 bits: two products and a sum an operation, where float32 has one of each.</content>
internal sealed unsafe partial class Vector256Kernel
{
    public override bool HasCoarse => true;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void CoarsenRows(float* tile, int dimension, float doubt, int* coarse, in TileState state, float* units)
    {
        for (int lane = 0; lane < Rows; lane += Lanes)
        {
            var rounding = new Rounding(tile + lane, Rows, dimension, Vector256.Load(state.Squares + lane), Vector256<int>.AllBitsSet);
            float* column = tile + lane;
            int* pair = coarse + lane;
            for (int d = 0; d < dimension; d += 2, column += 2 * Rows, pair += Rows)
            {
                Vector256<float> second = d + 1 < dimension ? Vector256.Load(column + Rows) : Vector256<float>.Zero;
                rounding.Pair(Vector256.Load(column), second).Store(pair);
            }

            rounding.Unit.Store(units + lane);
            Vector256<float> own = rounding.Doubt(dimension), product = own * (1 + doubt);
            ((product + Vector256.Create(doubt + ErrorBound.CoarseRoundings)) * ErrorBound.Twice).Store(state.TwoG + lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void CoarsenPanel(
        float* lines, int dimension, int width, float* squares, int* coarse, float* units, float* doubts)
    {
        // Lanes beyond the panel are not kept.
        Vector256<int> lanes = Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(width));
        var rounding = new Rounding(lines, width, dimension, Avx.MaskLoad(squares, lanes.AsSingle()), lanes);
        for (int d = 0; d < dimension; d += 2, lines += 2 * width, coarse += width)
        {
            Vector256<float> second = d + 1 < dimension ? Avx.MaskLoad(lines + width, lanes.AsSingle()) : Vector256<float>.Zero;
            Avx2.MaskStore(coarse, lanes, rounding.Pair(Avx.MaskLoad(lines, lanes.AsSingle()), second));
        }

        Avx.MaskStore(units, lanes.AsSingle(), rounding.Unit);
        Avx.MaskStore(doubts, lanes.AsSingle(), rounding.Doubt(dimension));
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void AssignCoarse(
        int* tile, float* units, CoarsePanels panels, int firstPanel, int endPanel, in TileState state, float* bests, ref RowsAhead ahead)
    {
        int* sums = stackalloc int[ChunkPanels * Wide * Rows];
        for (int group = firstPanel; group < endPanel; group += ChunkPanels)
        {
            int endGroup = Math.Min(group + ChunkPanels, endPanel);
            for (int pair = 0; pair < panels.Pairs; pair += CoarsePairs)
            {
                int pairs = Math.Min(CoarsePairs, panels.Pairs - pair);
                for (int panel = group; panel < endGroup; panel++)
                {
                    ahead.BringSome();
                    int width = panels.Width(panel);
                    int* sum = sums + ((panel - group) * Wide * Rows), lines = panels.Lines(panel) + ((long)pair * width);
                    int* columns = tile + ((long)pair * Rows), from = pair == 0 ? null : sum;
                    int* to = pair + pairs == panels.Pairs ? null : sum;
                    var scores = new CoarseScores(
                        units, panels.Starts(panel), panels.Units(panel), panels.FirstCenter(panel), bests + (panel * Rows));
                    if (width == Wide)
                    {
                        WideCoarse(columns, lines, pairs, from, to, scores, state);
                    }
                    else
                    {
                        TailCoarse(columns, lines, pairs, from, to, scores, state);
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Add(Vector256<int> sum, Vector256<int> row, Vector256<int> center) => AvxVnni.IsSupported
        ? AvxVnni.MultiplyWideningAndAdd(sum, row.AsInt16(), center.AsInt16())
        : sum + Avx2.MultiplyAddAdjacent(row.AsInt16(), center.AsInt16());

    /// <summary>Rounds vectors, one a lane, to whole numbers of 16 bits.</summary>
    private struct Rounding
    {
        private readonly Vector256<float> _norm;
        private readonly Vector256<float> _scale;
        private readonly Vector256<float> _longest;
        private Vector256<float> _squares;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Rounding(float* values, int pitch, int dimension, Vector256<float> squares, Vector256<int> lanes)
        {
            Vector256<float> most = Vector256<float>.Zero;
            for (int d = 0; d < dimension; d++, values += pitch)
            {
                most = Vector256.MaxNative(most, Vector256.Abs(Avx.MaskLoad(values, lanes.AsSingle())));
            }

            _longest = most;
            _norm = Vector256.Sqrt(squares);
            Vector256<float> scale = Vector256.MinNative(Vector256.Create(CoarseLength) / _norm, Vector256.Create(CoarseValue) / most);
            _scale = Vector256.ConditionalSelect(
                Vector256.GreaterThan(squares, Vector256.Create(ErrorBound.LeastCoarse)), scale, Vector256<float>.Zero);
        }

        /// <summary>What a whole number stands for; 0 where all are 0.</summary>
        public readonly Vector256<float> Unit => Vector256.ConditionalSelect(
            Vector256.GreaterThan(_scale, Vector256<float>.Zero), Vector256<float>.One / _scale, Vector256<float>.Zero);

        /// <summary>How far rounding has moved the vectors, as a share of their lengths; infinite where that is not known.</summary>
        public readonly Vector256<float> Doubt(int dimension)
        {
            // Values were rounded once before, when multiplied.
            Vector256<float> moved = Vector256.Sqrt(_squares) + Vector256.Create(0.004f * MathF.Sqrt(dimension));
            Vector256<float> share = moved / (_norm * _scale);
            Vector256<float> unknown = Vector256.ConditionalSelect(
                Vector256.Equals(_longest, Vector256<float>.Zero), Vector256<float>.Zero, Vector256.Create(float.PositiveInfinity));
            return Vector256.ConditionalSelect(Vector256.GreaterThan(_scale, Vector256<float>.Zero), share, unknown);
        }

        /// <summary>Two columns side by side: the low halves of the one, those of the other above.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<int> Pair(Vector256<float> low, Vector256<float> high) =>
            (Whole(low) & Vector256.Create(0xFFFF)) | (Whole(high) << 16);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Vector256<int> Whole(Vector256<float> values)
        {
            Vector256<float> scaled = values * _scale;
            Vector256<int> whole = Avx.ConvertToVector256Int32(scaled);
            Vector256<float> moved = scaled - Vector256.ConvertToSingle(whole);
            _squares = Vector256.FusedMultiplyAdd(moved, moved, _squares);
            return whole;
        }
    }

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
