using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

/// <content>Scores in 16 bits: two products and a sum an operation, where float32 has one of each.</content>
internal sealed unsafe partial class Vector512Kernel
{
    public override bool HasCoarse => Avx512BW.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void CoarsenRows(float* tile, int dimension, float doubt, int* coarse, in TileState state, float* units)
    {
        for (int lane = 0; lane < Rows; lane += Lanes)
        {
            var rounding = new Rounding(tile + lane, Rows, dimension, Vector512.Load(state.Squares + lane), Vector512<int>.AllBitsSet);
            float* column = tile + lane;
            int* pair = coarse + lane;
            for (int d = 0; d < dimension; d += 2, column += 2 * Rows, pair += Rows)
            {
                Vector512<float> second = d + 1 < dimension ? Vector512.Load(column + Rows) : Vector512<float>.Zero;
                rounding.Pair(Vector512.Load(column), second).Store(pair);
            }

            rounding.Unit.Store(units + lane);
            Vector512<float> own = rounding.Doubt(dimension), product = own * (1 + doubt);
            ((product + Vector512.Create(doubt + ErrorBound.CoarseRoundings)) * ErrorBound.Twice).Store(state.TwoG + lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void CoarsenPanel(
        float* lines, int dimension, int width, float* squares, int* coarse, float* units, float* doubts)
    {
        // Lanes beyond the panel are not kept.
        Vector512<int> lanes = Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(width));
        Vector512<float> none = Vector512<float>.Zero;
        var rounding = new Rounding(lines, width, dimension, Avx512F.MaskLoad(squares, lanes.AsSingle(), none), lanes);
        for (int d = 0; d < dimension; d += 2, lines += 2 * width, coarse += width)
        {
            Vector512<float> second = d + 1 < dimension ? Avx512F.MaskLoad(lines + width, lanes.AsSingle(), none) : none;
            Avx512F.MaskStore(coarse, lanes, rounding.Pair(Avx512F.MaskLoad(lines, lanes.AsSingle(), none), second));
        }

        Avx512F.MaskStore(units, lanes.AsSingle(), rounding.Unit);
        Avx512F.MaskStore(doubts, lanes.AsSingle(), rounding.Doubt(dimension));
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void AssignCoarse(
        int* tile, float* units, CoarsePanels panels, int firstPanel, int endPanel, in TileState state, float* bests, ref RowsAhead ahead)
    {
        // Whole lines of the cache.
        byte* room = stackalloc byte[(((ChunkPanels + 1) * Wide) + 4) * Rows * sizeof(float)];
        float* places = (float*)(((nuint)room + 63) & ~(nuint)63), best = places + (Wide * Rows);
        int* sums = (int*)(best + (3 * Rows));
        var ofPanels = new TileState(best, best + Rows, null, null, null, (int*)(best + (2 * Rows)));
        ofPanels.Reset(Rows);
        new Span<float>(places, Wide * Rows).Fill(float.NegativeInfinity);

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
                    int* columns = tile + ((long)pair * Rows);
                    bool first = pair == 0, last = pair + pairs == panels.Pairs;
                    var scores = new CoarseScores(
                        units, panels.Starts(panel), panels.Units(panel), panels.FirstCenter(panel), bests + (panel * Rows));
                    if (width == Wide)
                    {
                        WideCoarse(columns, lines, pairs, first ? null : sum, last ? null : sum, scores, ofPanels, places);
                    }
                    else
                    {
                        TailCoarse(columns, lines, pairs, first ? null : sum, last ? null : sum, scores, ofPanels, places);
                    }
                }
            }
        }

        AddPlaces(places, ofPanels, state);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Add(Vector512<int> sum, Vector512<int> row, Vector512<int> center) =>
        sum + Avx512BW.MultiplyAddAdjacent(row.AsInt16(), center.AsInt16());

    /// <summary>Rounds vectors, one a lane, to whole numbers of 16 bits.</summary>
    private struct Rounding
    {
        private readonly Vector512<float> _norm;
        private readonly Vector512<float> _scale;
        private readonly Vector512<float> _longest;
        private Vector512<float> _squares;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Rounding(float* values, int pitch, int dimension, Vector512<float> squares, Vector512<int> lanes)
        {
            Vector512<float> most = Vector512<float>.Zero;
            for (int d = 0; d < dimension; d++, values += pitch)
            {
                most = Vector512.MaxNative(most, Vector512.Abs(Avx512F.MaskLoad(values, lanes.AsSingle(), Vector512<float>.Zero)));
            }

            _longest = most;
            _norm = Vector512.Sqrt(squares);
            Vector512<float> scale = Vector512.MinNative(Vector512.Create(CoarseLength) / _norm, Vector512.Create(CoarseValue) / most);
            _scale = Vector512.ConditionalSelect(
                Vector512.GreaterThan(squares, Vector512.Create(ErrorBound.LeastCoarse)), scale, Vector512<float>.Zero);
        }

        /// <summary>What a whole number stands for; 0 where all are 0.</summary>
        public readonly Vector512<float> Unit => Vector512.ConditionalSelect(
            Vector512.GreaterThan(_scale, Vector512<float>.Zero), Vector512<float>.One / _scale, Vector512<float>.Zero);

        /// <summary>How far rounding has moved the vectors, as a share of their lengths; infinite where that is not known.</summary>
        public readonly Vector512<float> Doubt(int dimension)
        {
            // Values were rounded once before, when multiplied.
            Vector512<float> moved = Vector512.Sqrt(_squares) + Vector512.Create(0.004f * MathF.Sqrt(dimension));
            Vector512<float> share = moved / (_norm * _scale);
            Vector512<float> unknown = Vector512.ConditionalSelect(
                Vector512.Equals(_longest, Vector512<float>.Zero), Vector512<float>.Zero, Vector512.Create(float.PositiveInfinity));
            return Vector512.ConditionalSelect(Vector512.GreaterThan(_scale, Vector512<float>.Zero), share, unknown);
        }

        /// <summary>Two columns side by side: the low halves of the one, those of the other above.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<int> Pair(Vector512<float> low, Vector512<float> high) =>
            (Whole(low) & Vector512.Create(0xFFFF)) | (Whole(high) << 16);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Vector512<int> Whole(Vector512<float> values)
        {
            Vector512<float> scaled = values * _scale;
            Vector512<int> whole = Avx512F.ConvertToVector512Int32(scaled);
            Vector512<float> moved = scaled - Vector512.ConvertToSingle(whole);
            _squares = Vector512.FusedMultiplyAdd(moved, moved, _squares);
            return whole;
        }
    }

    /// <summary>What sums of whole numbers become scores with, and where the best of a panel go.</summary>
    private readonly struct CoarseScores(float* rowUnits, float* starts, float* units, int center, float* bests)
    {
        public readonly float* Bests = bests;
        public readonly int Center = center;
        private readonly float* _rowUnits = rowUnits;
        private readonly float* _starts = starts;
        private readonly float* _units = units;

        public Vector512<float> RowUnits(int lane) => Vector512.Load(_rowUnits + lane);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<float> Score(Vector512<int> sum, Vector512<float> rowUnits, int j) => Vector512.FusedMultiplyAdd(
            Vector512.ConvertToSingle(sum) * Vector512.Create(_units[j]), rowUnits, Vector512.Create(_starts[j]));
    }

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

        Vector512<float> rowUnits = scores.RowUnits(0), best = Vector512.Create(float.NegativeInfinity), score;
        score = scores.Score(a0, rowUnits, 0);
        best = Vector512.MaxNative(best, score);
        Keep(places + (0 * Rows), score);
        score = scores.Score(a1, rowUnits, 1);
        best = Vector512.MaxNative(best, score);
        Keep(places + (1 * Rows), score);
        score = scores.Score(a2, rowUnits, 2);
        best = Vector512.MaxNative(best, score);
        Keep(places + (2 * Rows), score);
        score = scores.Score(a3, rowUnits, 3);
        best = Vector512.MaxNative(best, score);
        Keep(places + (3 * Rows), score);
        score = scores.Score(a4, rowUnits, 4);
        best = Vector512.MaxNative(best, score);
        Keep(places + (4 * Rows), score);
        score = scores.Score(a5, rowUnits, 5);
        best = Vector512.MaxNative(best, score);
        Keep(places + (5 * Rows), score);
        score = scores.Score(a6, rowUnits, 6);
        best = Vector512.MaxNative(best, score);
        Keep(places + (6 * Rows), score);
        score = scores.Score(a7, rowUnits, 7);
        best = Vector512.MaxNative(best, score);
        Keep(places + (7 * Rows), score);
        score = scores.Score(a8, rowUnits, 8);
        best = Vector512.MaxNative(best, score);
        Keep(places + (8 * Rows), score);
        score = scores.Score(a9, rowUnits, 9);
        best = Vector512.MaxNative(best, score);
        Keep(places + (9 * Rows), score);
        score = scores.Score(a10, rowUnits, 10);
        best = Vector512.MaxNative(best, score);
        Keep(places + (10 * Rows), score);
        score = scores.Score(a11, rowUnits, 11);
        best = Vector512.MaxNative(best, score);
        Keep(places + (11 * Rows), score);
        Finish(best, 0, scores, state);
        rowUnits = scores.RowUnits(Lanes);
        best = Vector512.Create(float.NegativeInfinity);
        score = scores.Score(b0, rowUnits, 0);
        best = Vector512.MaxNative(best, score);
        Keep(places + (0 * Rows) + Lanes, score);
        score = scores.Score(b1, rowUnits, 1);
        best = Vector512.MaxNative(best, score);
        Keep(places + (1 * Rows) + Lanes, score);
        score = scores.Score(b2, rowUnits, 2);
        best = Vector512.MaxNative(best, score);
        Keep(places + (2 * Rows) + Lanes, score);
        score = scores.Score(b3, rowUnits, 3);
        best = Vector512.MaxNative(best, score);
        Keep(places + (3 * Rows) + Lanes, score);
        score = scores.Score(b4, rowUnits, 4);
        best = Vector512.MaxNative(best, score);
        Keep(places + (4 * Rows) + Lanes, score);
        score = scores.Score(b5, rowUnits, 5);
        best = Vector512.MaxNative(best, score);
        Keep(places + (5 * Rows) + Lanes, score);
        score = scores.Score(b6, rowUnits, 6);
        best = Vector512.MaxNative(best, score);
        Keep(places + (6 * Rows) + Lanes, score);
        score = scores.Score(b7, rowUnits, 7);
        best = Vector512.MaxNative(best, score);
        Keep(places + (7 * Rows) + Lanes, score);
        score = scores.Score(b8, rowUnits, 8);
        best = Vector512.MaxNative(best, score);
        Keep(places + (8 * Rows) + Lanes, score);
        score = scores.Score(b9, rowUnits, 9);
        best = Vector512.MaxNative(best, score);
        Keep(places + (9 * Rows) + Lanes, score);
        score = scores.Score(b10, rowUnits, 10);
        best = Vector512.MaxNative(best, score);
        Keep(places + (10 * Rows) + Lanes, score);
        score = scores.Score(b11, rowUnits, 11);
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

        Vector512<float> rowUnits = scores.RowUnits(0), best = Vector512.Create(float.NegativeInfinity), score;
        score = scores.Score(a0, rowUnits, 0);
        best = Vector512.MaxNative(best, score);
        Keep(places + (0 * Rows), score);
        score = scores.Score(a1, rowUnits, 1);
        best = Vector512.MaxNative(best, score);
        Keep(places + (1 * Rows), score);
        score = scores.Score(a2, rowUnits, 2);
        best = Vector512.MaxNative(best, score);
        Keep(places + (2 * Rows), score);
        score = scores.Score(a3, rowUnits, 3);
        best = Vector512.MaxNative(best, score);
        Keep(places + (3 * Rows), score);
        Finish(best, 0, scores, state);
        rowUnits = scores.RowUnits(Lanes);
        best = Vector512.Create(float.NegativeInfinity);
        score = scores.Score(b0, rowUnits, 0);
        best = Vector512.MaxNative(best, score);
        Keep(places + (0 * Rows) + Lanes, score);
        score = scores.Score(b1, rowUnits, 1);
        best = Vector512.MaxNative(best, score);
        Keep(places + (1 * Rows) + Lanes, score);
        score = scores.Score(b2, rowUnits, 2);
        best = Vector512.MaxNative(best, score);
        Keep(places + (2 * Rows) + Lanes, score);
        score = scores.Score(b3, rowUnits, 3);
        best = Vector512.MaxNative(best, score);
        Keep(places + (3 * Rows) + Lanes, score);
        Finish(best, Lanes, scores, state);
    }
}
