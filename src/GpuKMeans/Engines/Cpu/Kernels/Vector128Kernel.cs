using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <summary>Tiles of 8 rows in 128-bit vectors, which Arm (NEON) and every x64 processor have.</summary>
internal sealed unsafe partial class Vector128Kernel : CpuKernel
{
    private const int Lanes = 4;
    private const int Rows = 2 * Lanes;
    private const int Wide = 12;
    private const int Tail = 4;

    public override string Name => "vector128";

    public override int TileRows => Rows;

    public override int PanelWidth => Wide;

    public override int TailWidth => Tail;

    public override int RoundingsPerTerm => 2;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override uint Decide(in ErrorBound bound, in TileState state, bool lower) =>
        Decide(0, bound, state, lower) | (Decide(Lanes, bound, state, lower) << Lanes);

    private static uint Decide(int lane, in ErrorBound bound, in TileState state, bool lower)
    {
        Vector128<float> best = Vector128.Load(state.Best + lane), second = Vector128.Load(state.Second + lane);
        Vector128<float> squares = Vector128.Load(state.Squares + lane), norm = Vector128.Sqrt(squares);
        Vector128<float> threshold = best - Margin(squares, norm, best, bound);
        threshold.Store(state.Threshold + lane);

        if (lower)
        {
            Vector128<float> least = (squares * bound.NormLess) - (second + second) - Margin(squares, norm, second, bound);
            (Vector128.Sqrt(Vector128.MaxNative(least, Vector128<float>.Zero)) * ErrorBound.Less).Store(state.Lower + lane);
        }

        // Not "second >= threshold": what is not a number is not certain.
        uint certain = (uint)Vector128.LessThan(second, threshold).ExtractMostSignificantBits();
        return ~certain & 0xFu;
    }

    // ErrorBound.Margin, lane by lane.
    private static Vector128<float> Margin(Vector128<float> squares, Vector128<float> norm, Vector128<float> score, in ErrorBound bound)
    {
        Vector128<float> distance = Vector128.Sqrt(Vector128.MaxNative(squares - (score + score), Vector128<float>.Zero));
        Vector128<float> reach = Vector128.MinNative(Vector128.Create(bound.Longest), norm + distance + (bound.Slack * norm));
        return (bound.TwoG * reach * ((0.5f * reach) + norm)) + Vector128.Create(bound.Underflow);
    }

    /// <summary>The best and second best score so far of as many rows as there are lanes.</summary>
    private struct Running
    {
        private Vector128<float> _best;
        private Vector128<float> _second;
        private Vector128<int> _index;

        public static Running Load(in TileState state, int lane) => new()
        {
            _best = Vector128.Load(state.Best + lane),
            _second = Vector128.Load(state.Second + lane),
            _index = Vector128.Load(state.Index + lane),
        };

        public readonly void Store(in TileState state, int lane)
        {
            _best.Store(state.Best + lane);
            _second.Store(state.Second + lane);
            _index.Store(state.Index + lane);
        }

        // In order of centres and only where strictly better: of equal scores the lowest centre stays.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector128<float> score, int center)
        {
            Vector128<float> better = Vector128.GreaterThan(score, _best);
            _second = Vector128.MaxNative(_second, Vector128.MinNative(_best, score));
            _best = Vector128.MaxNative(_best, score);
            _index = Vector128.ConditionalSelect(better.AsInt32(), Vector128.Create(center), _index);
        }
    }
}
