using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuKMeans.Engines.Cpu;

/// <content>Scores in 16 bits: two products and a sum an operation, where float32 has one of each.</content>
internal sealed unsafe partial class Vector256Kernel
{
    public override bool HasCoarse => true;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void CoarsenRows(float* tile, int dimension, float moved, int* coarse, in TileState state, float* units)
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
            Vector256<float> own = rounding.Moved(dimension), product = own * (1 + moved);
            ((product + Vector256.Create(moved + ErrorBound.CoarseRoundings)) * ErrorBound.Twice).Store(state.TwoG + lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void CoarsenPanel(
        float* lines, int dimension, int width, float* squares, int* coarse, float* units, float* moved)
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
        Avx.MaskStore(moved, lanes.AsSingle(), rounding.Moved(dimension));
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

    /// <summary>Rounds vectors, one a lane, to whole numbers of 16 bits.</summary>
    private struct Rounding
    {
        private readonly Vector256<float> _norm;
        private readonly Vector256<float> _scale;
        private readonly Vector256<float> _most;
        private Vector256<float> _squares;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Rounding(float* values, int pitch, int dimension, Vector256<float> squares, Vector256<int> lanes)
        {
            Vector256<float> most = Vector256<float>.Zero;
            for (int d = 0; d < dimension; d++, values += pitch)
            {
                most = Vector256.MaxNative(most, Vector256.Abs(Avx.MaskLoad(values, lanes.AsSingle())));
            }

            _most = most;
            _norm = Vector256.Sqrt(squares);
            Vector256<float> scale = Vector256.MinNative(Vector256.Create(CoarseLength) / _norm, Vector256.Create(CoarseValue) / most);
            _scale = Vector256.ConditionalSelect(
                Vector256.GreaterThan(squares, Vector256.Create(ErrorBound.LeastCoarse)), scale, Vector256<float>.Zero);
        }

        /// <summary>What a whole number stands for; 0 where all are 0.</summary>
        public readonly Vector256<float> Unit
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => Vector256.ConditionalSelect(
                Vector256.GreaterThan(_scale, Vector256<float>.Zero), Vector256<float>.One / _scale, Vector256<float>.Zero);
        }

        /// <summary>How far rounding has moved the vectors, as a share of their lengths; infinite where that is not known.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector256<float> Moved(int dimension)
        {
            // Values were rounded once before, when multiplied.
            Vector256<float> moved = Vector256.Sqrt(_squares) + Vector256.Create(0.004f * MathF.Sqrt(dimension));
            Vector256<float> share = moved / (_norm * _scale);
            Vector256<float> unknown = Vector256.ConditionalSelect(
                Vector256.Equals(_most, Vector256<float>.Zero), Vector256<float>.Zero, Vector256.Create(float.PositiveInfinity));
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
}
