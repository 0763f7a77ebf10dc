using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

/// <content>Scores in 16 bits: two products and a sum an operation, where float32 has one of each.</content>
internal sealed unsafe partial class Vector512Kernel
{
    public override bool HasCoarse => Avx512BW.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void CoarsenRows(float* tile, int dimension, float moved, int* coarse, in TileState state, float* units)
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
            Vector512<float> own = rounding.Moved(dimension), product = own * (1 + moved);
            ((product + Vector512.Create(moved + ErrorBound.CoarseRoundings)) * ErrorBound.Twice).Store(state.TwoG + lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void CoarsenPanel(
        float* lines, int dimension, int width, float* squares, int* coarse, float* units, float* moved)
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
        Avx512F.MaskStore(moved, lanes.AsSingle(), rounding.Moved(dimension));
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
                    int* columns = tile + ((long)pair * Rows), from = pair == 0 ? null : sum;
                    int* to = pair + pairs == panels.Pairs ? null : sum;
                    var scores = new CoarseScores(
                        units, panels.Starts(panel), panels.Units(panel), panels.FirstCenter(panel), bests + (panel * Rows));
                    if (width == Wide)
                    {
                        WideCoarse(columns, lines, pairs, from, to, scores, ofPanels, places);
                    }
                    else
                    {
                        TailCoarse(columns, lines, pairs, from, to, scores, ofPanels, places);
                    }
                }
            }
        }

        AddPlaces(places, ofPanels, state);
    }

    /// <summary>Rounds vectors, one a lane, to whole numbers of 16 bits.</summary>
    private struct Rounding
    {
        private readonly Vector512<float> _norm;
        private readonly Vector512<float> _scale;
        private readonly Vector512<float> _most;
        private Vector512<float> _squares;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Rounding(float* values, int pitch, int dimension, Vector512<float> squares, Vector512<int> lanes)
        {
            Vector512<float> most = Vector512<float>.Zero;
            for (int d = 0; d < dimension; d++, values += pitch)
            {
                most = Vector512.MaxNative(most, Vector512.Abs(Avx512F.MaskLoad(values, lanes.AsSingle(), Vector512<float>.Zero)));
            }

            _most = most;
            _norm = Vector512.Sqrt(squares);
            Vector512<float> scale = Vector512.MinNative(Vector512.Create(CoarseLength) / _norm, Vector512.Create(CoarseValue) / most);
            _scale = Vector512.ConditionalSelect(
                Vector512.GreaterThan(squares, Vector512.Create(ErrorBound.LeastCoarse)), scale, Vector512<float>.Zero);
        }

        /// <summary>What a whole number stands for; 0 where all are 0.</summary>
        public readonly Vector512<float> Unit
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => Vector512.ConditionalSelect(
                Vector512.GreaterThan(_scale, Vector512<float>.Zero), Vector512<float>.One / _scale, Vector512<float>.Zero);
        }

        /// <summary>How far rounding has moved the vectors, as a share of their lengths; infinite where that is not known.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector512<float> Moved(int dimension)
        {
            // Values were rounded once before, when multiplied.
            Vector512<float> moved = Vector512.Sqrt(_squares) + Vector512.Create(0.004f * MathF.Sqrt(dimension));
            Vector512<float> share = moved / (_norm * _scale);
            Vector512<float> unknown = Vector512.ConditionalSelect(
                Vector512.Equals(_most, Vector512<float>.Zero), Vector512<float>.Zero, Vector512.Create(float.PositiveInfinity));
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
}
