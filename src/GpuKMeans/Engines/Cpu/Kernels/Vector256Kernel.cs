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
    public override void Assign(float* tile, CenterPanels panels, int firstPanel, int endPanel, TileState state)
    {
        Running low = Running.Load(state, 0), high = Running.Load(state, Lanes);
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            float* lines = panels.Panel(panel);
            int center = panels.FirstCenter(panel);
            if (panels.Width(panel) == Wide)
            {
                WidePanel(tile, lines, panels.Dimension, center, ref low, ref high);
            }
            else
            {
                TailPanel(tile, lines, panels.Dimension, center, ref low, ref high);
            }
        }

        low.Store(state, 0);
        high.Store(state, Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidePanel(float* tile, float* lines, int dimension, int center, ref Running lowRows, ref Running highRows)
    {
        Vector256<float> a0 = Vector256.Create(lines[0]), b0 = a0;
        Vector256<float> a1 = Vector256.Create(lines[1]), b1 = a1;
        Vector256<float> a2 = Vector256.Create(lines[2]), b2 = a2;
        Vector256<float> a3 = Vector256.Create(lines[3]), b3 = a3;
        Vector256<float> a4 = Vector256.Create(lines[4]), b4 = a4;
        Vector256<float> a5 = Vector256.Create(lines[5]), b5 = a5;
        float* end = tile + ((long)dimension * Rows);
        for (lines += 6; tile < end; tile += Rows, lines += 6)
        {
            Vector256<float> x = Vector256.Load(tile), y = Vector256.Load(tile + Lanes), c;
            c = Vector256.Create(lines[0]);
            a0 = Vector256.FusedMultiplyAdd(x, c, a0);
            b0 = Vector256.FusedMultiplyAdd(y, c, b0);
            c = Vector256.Create(lines[1]);
            a1 = Vector256.FusedMultiplyAdd(x, c, a1);
            b1 = Vector256.FusedMultiplyAdd(y, c, b1);
            c = Vector256.Create(lines[2]);
            a2 = Vector256.FusedMultiplyAdd(x, c, a2);
            b2 = Vector256.FusedMultiplyAdd(y, c, b2);
            c = Vector256.Create(lines[3]);
            a3 = Vector256.FusedMultiplyAdd(x, c, a3);
            b3 = Vector256.FusedMultiplyAdd(y, c, b3);
            c = Vector256.Create(lines[4]);
            a4 = Vector256.FusedMultiplyAdd(x, c, a4);
            b4 = Vector256.FusedMultiplyAdd(y, c, b4);
            c = Vector256.Create(lines[5]);
            a5 = Vector256.FusedMultiplyAdd(x, c, a5);
            b5 = Vector256.FusedMultiplyAdd(y, c, b5);
        }

        Running low = lowRows, high = highRows;
        low.Add(a0, center);
        high.Add(b0, center);
        low.Add(a1, center + 1);
        high.Add(b1, center + 1);
        low.Add(a2, center + 2);
        high.Add(b2, center + 2);
        low.Add(a3, center + 3);
        high.Add(b3, center + 3);
        low.Add(a4, center + 4);
        high.Add(b4, center + 4);
        low.Add(a5, center + 5);
        high.Add(b5, center + 5);
        lowRows = low;
        highRows = high;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailPanel(float* tile, float* lines, int dimension, int center, ref Running lowRows, ref Running highRows)
    {
        Vector256<float> a0 = Vector256.Create(lines[0]), b0 = a0;
        Vector256<float> a1 = Vector256.Create(lines[1]), b1 = a1;
        float* end = tile + ((long)dimension * Rows);
        for (lines += 2; tile < end; tile += Rows, lines += 2)
        {
            Vector256<float> x = Vector256.Load(tile), y = Vector256.Load(tile + Lanes), c;
            c = Vector256.Create(lines[0]);
            a0 = Vector256.FusedMultiplyAdd(x, c, a0);
            b0 = Vector256.FusedMultiplyAdd(y, c, b0);
            c = Vector256.Create(lines[1]);
            a1 = Vector256.FusedMultiplyAdd(x, c, a1);
            b1 = Vector256.FusedMultiplyAdd(y, c, b1);
        }

        Running low = lowRows, high = highRows;
        low.Add(a0, center);
        high.Add(b0, center);
        low.Add(a1, center + 1);
        high.Add(b1, center + 1);
        lowRows = low;
        highRows = high;
    }

    public override void Scores(float* tile, CenterPanels panels, int panel, float* scores)
    {
        float* lines = panels.Panel(panel);
        int dimension = panels.Dimension, width = panels.Width(panel);
        for (int j = 0; j < width; j++)
        {
            Vector256<float> a = Vector256.Create(lines[j]), b = a;
            for (int d = 0; d < dimension; d++)
            {
                Vector256<float> c = Vector256.Create(lines[((d + 1) * (long)width) + j]);
                a = Vector256.FusedMultiplyAdd(Vector256.Load(tile + ((long)d * Rows)), c, a);
                b = Vector256.FusedMultiplyAdd(Vector256.Load(tile + ((long)d * Rows) + Lanes), c, b);
            }

            a.Store(scores + (j * Rows));
            b.Store(scores + (j * Rows) + Lanes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override uint Decide(float* tile, int dimension, in ErrorBound bound, TileState state)
    {
        uint uncertain = 0;
        for (int lane = 0; lane < Rows; lane += Lanes)
        {
            Vector256<float> squares = Vector256<float>.Zero;
            for (long d = 0; d < dimension; d++)
            {
                Vector256<float> x = Vector256.Load(tile + (d * Rows) + lane);
                squares = Vector256.FusedMultiplyAdd(x, x, squares);
            }

            Vector256<float> best = Vector256.Load(state.Best + lane);
            Vector256<float> norm = Vector256.Sqrt(squares);
            Vector256<float> distance = Vector256.Sqrt(Vector256.MaxNative(squares - (best + best), Vector256<float>.Zero));
            Vector256<float> reach = Vector256.MinNative(
                Vector256.Create(bound.Longest), norm + distance + (Vector256.Create(bound.Slack) * norm));
            Vector256<float> margin =
                (Vector256.Create(bound.TwoG) * reach * ((0.5f * reach) + norm)) + Vector256.Create(bound.Underflow);
            Vector256<float> threshold = best - margin;
            threshold.Store(state.Threshold + lane);

            // Not "second >= threshold": what is not a number is not certain.
            uint certain = (uint)Vector256.LessThan(Vector256.Load(state.Second + lane), threshold).ExtractMostSignificantBits();
            uncertain |= (~certain & 0xFFu) << lane;
        }

        return uncertain;
    }

    /// <summary>The best and second best score so far of as many rows as there are lanes.</summary>
    private struct Running
    {
        private Vector256<float> _best;
        private Vector256<float> _second;
        private Vector256<int> _index;

        public static Running Load(TileState state, int lane) => new()
        {
            _best = Vector256.Load(state.Best + lane),
            _second = Vector256.Load(state.Second + lane),
            _index = Vector256.Load(state.Index + lane),
        };

        public readonly void Store(TileState state, int lane)
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
