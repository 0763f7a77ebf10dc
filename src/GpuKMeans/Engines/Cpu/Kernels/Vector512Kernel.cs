using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <summary>Tiles of 32 rows in AVX-512: 24 accumulators, so that both multiply-add units stay busy on one load a product.</summary>
internal sealed unsafe partial class Vector512Kernel : CpuKernel
{
    private const int Lanes = 16;
    private const int Rows = 2 * Lanes;
    private const int Wide = 12;
    private const int Tail = 4;

    public override string Name => "avx512";

    public override int TileRows => Rows;

    public override int PanelWidth => Wide;

    public override int TailWidth => Tail;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override uint Decide(in ErrorBound bound, in TileState state, bool lower) =>
        Decide(0, bound, state, lower) | (Decide(Lanes, bound, state, lower) << Lanes);

    private static uint Decide(int lane, in ErrorBound bound, in TileState state, bool lower)
    {
        Vector512<float> best = Vector512.Load(state.Best + lane), second = Vector512.Load(state.Second + lane);
        Vector512<float> squares = Vector512.Load(state.Squares + lane), norm = Vector512.Sqrt(squares);
        Vector512<float> twoG = state.TwoG is null ? Vector512.Create(bound.TwoG) : Vector512.Load(state.TwoG + lane);
        Vector512<float> threshold = best - Margin(squares, norm, best, twoG, bound);
        threshold.Store(state.Threshold + lane);

        if (lower)
        {
            Vector512<float> least = (squares * bound.NormLess) - (second + second) - Margin(squares, norm, second, twoG, bound);
            (Vector512.Sqrt(Vector512.MaxNative(least, Vector512<float>.Zero)) * ErrorBound.Less).Store(state.Lower + lane);
        }

        // Not "second >= threshold": what is not a number is not certain.
        uint certain = (uint)Vector512.LessThan(second, threshold).ExtractMostSignificantBits();
        return ~certain & 0xFFFFu;
    }

    // ErrorBound.Margin, lane by lane.
    private static Vector512<float> Margin(
        Vector512<float> squares, Vector512<float> norm, Vector512<float> score, Vector512<float> twoG, in ErrorBound bound)
    {
        Vector512<float> distance = Vector512.Sqrt(Vector512.MaxNative(squares - (score + score), Vector512<float>.Zero));
        Vector512<float> reach = Vector512.MinNative(Vector512.Create(bound.Longest), norm + distance + (bound.Slack * norm));
        return (twoG * reach * ((0.5f * reach) + norm)) + Vector512.Create(bound.Underflow);
    }

    /// <summary>The best and second best score so far of as many rows as there are lanes.</summary>
    private struct Running
    {
        private Vector512<float> _best;
        private Vector512<float> _second;
        private Vector512<int> _index;

        public static Running None => new()
        {
            _best = Vector512.Create(float.NegativeInfinity),
            _second = Vector512.Create(float.NegativeInfinity),
        };

        public static Running Load(in TileState state, int lane) => new()
        {
            _best = Vector512.Load(state.Best + lane),
            _second = Vector512.Load(state.Second + lane),
            _index = Vector512.Load(state.Index + lane),
        };

        public readonly void Store(in TileState state, int lane)
        {
            _best.Store(state.Best + lane);
            _second.Store(state.Second + lane);
            _index.Store(state.Index + lane);
        }

        // In order of centres and only where strictly better: of equal scores the lowest centre stays.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector512<float> score, int center)
        {
            Vector512<float> better = Vector512.GreaterThan(score, _best);
            _second = Vector512.MaxNative(_second, Vector512.MinNative(_best, score));
            _best = Vector512.MaxNative(_best, score);
            _index = Vector512.ConditionalSelect(better.AsInt32(), Vector512.Create(center), _index);
        }

        // The best of panels, which begin at their indices, and of places in them: what is best is best of both. Where another is as good,
        // the place may be that one's: then it comes before that of the panel's own, so there is such a centre; and the row is uncertain.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(in Running panel, in Running place)
        {
            Vector512<float> better = Vector512.GreaterThan(panel._best, _best), rival = Vector512.MaxNative(panel._second, place._second);
            _second = Vector512.MaxNative(Vector512.MaxNative(_second, rival), Vector512.MinNative(_best, panel._best));
            _best = Vector512.MaxNative(_best, panel._best);
            _index = Vector512.ConditionalSelect(better.AsInt32(), panel._index + place._index, _index);
        }
    }
}
