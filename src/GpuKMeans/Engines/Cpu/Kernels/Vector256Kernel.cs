using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <summary>Tiles of 16 rows in AVX2 with FMA: 12 accumulators of the 16 registers there are.</summary>
internal sealed unsafe partial class Vector256Kernel : CpuKernel
{
    private const int Lanes = 8;
    private const int Rows = 2 * Lanes;
    private const int Wide = 6;
    private const int Tail = 2;

    public override string Name => "avx2";

    public override int TileRows => Rows;

    public override int PanelWidth => Wide;

    public override int TailWidth => Tail;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override uint Decide(in ErrorBound bound, in TileState state, bool lower) =>
        Decide(0, bound, state, lower) | (Decide(Lanes, bound, state, lower) << Lanes);

    private static uint Decide(int lane, in ErrorBound bound, in TileState state, bool lower)
    {
        Vector256<float> best = Vector256.Load(state.Best + lane), second = Vector256.Load(state.Second + lane);
        Vector256<float> squares = Vector256.Load(state.Squares + lane), norm = Vector256.Sqrt(squares);
        Vector256<float> twoG = state.TwoG is null ? Vector256.Create(bound.TwoG) : Vector256.Load(state.TwoG + lane);
        Vector256<float> threshold = best - Margin(squares, norm, best, twoG, bound);
        threshold.Store(state.Threshold + lane);

        if (lower)
        {
            Vector256<float> least = (squares * bound.NormLess) - (second + second) - Margin(squares, norm, second, twoG, bound);
            (Vector256.Sqrt(Vector256.MaxNative(least, Vector256<float>.Zero)) * ErrorBound.Less).Store(state.Lower + lane);
        }

        // Not "second >= threshold": what is not a number is not certain.
        uint certain = (uint)Vector256.LessThan(second, threshold).ExtractMostSignificantBits();
        return ~certain & 0xFFu;
    }

    // ErrorBound.Margin, lane by lane.
    private static Vector256<float> Margin(
        Vector256<float> squares, Vector256<float> norm, Vector256<float> score, Vector256<float> twoG, in ErrorBound bound)
    {
        Vector256<float> distance = Vector256.Sqrt(Vector256.MaxNative(squares - (score + score), Vector256<float>.Zero));
        Vector256<float> reach = Vector256.MinNative(Vector256.Create(bound.Longest), norm + distance + (bound.Slack * norm));
        return (twoG * reach * ((0.5f * reach) + norm)) + Vector256.Create(bound.Underflow);
    }

    /// <summary>The best and second best score so far of as many rows as there are lanes.</summary>
    private struct Running
    {
        private Vector256<float> _best;
        private Vector256<float> _second;
        private Vector256<int> _index;

        public static Running Load(in TileState state, int lane) => new()
        {
            _best = Vector256.Load(state.Best + lane),
            _second = Vector256.Load(state.Second + lane),
            _index = Vector256.Load(state.Index + lane),
        };

        public readonly void Store(in TileState state, int lane)
        {
            _best.Store(state.Best + lane);
            _second.Store(state.Second + lane);
            _index.Store(state.Index + lane);
        }

        // In order of centres and only where strictly better: of equal scores the lowest centre stays.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector256<float> score, int center)
        {
            Vector256<float> better = Vector256.GreaterThan(score, _best);
            _second = Vector256.MaxNative(_second, Vector256.MinNative(_best, score));
            _best = Vector256.MaxNative(_best, score);
            _index = Vector256.ConditionalSelect(better.AsInt32(), Vector256.Create(center), _index);
        }
    }
}
