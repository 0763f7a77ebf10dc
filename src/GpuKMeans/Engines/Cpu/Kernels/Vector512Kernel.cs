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
        Vector512<float> a0 = Vector512.Create(lines[0]), b0 = a0;
        Vector512<float> a1 = Vector512.Create(lines[1]), b1 = a1;
        Vector512<float> a2 = Vector512.Create(lines[2]), b2 = a2;
        Vector512<float> a3 = Vector512.Create(lines[3]), b3 = a3;
        Vector512<float> a4 = Vector512.Create(lines[4]), b4 = a4;
        Vector512<float> a5 = Vector512.Create(lines[5]), b5 = a5;
        Vector512<float> a6 = Vector512.Create(lines[6]), b6 = a6;
        Vector512<float> a7 = Vector512.Create(lines[7]), b7 = a7;
        Vector512<float> a8 = Vector512.Create(lines[8]), b8 = a8;
        Vector512<float> a9 = Vector512.Create(lines[9]), b9 = a9;
        Vector512<float> a10 = Vector512.Create(lines[10]), b10 = a10;
        Vector512<float> a11 = Vector512.Create(lines[11]), b11 = a11;
        float* end = tile + ((long)dimension * Rows);
        for (lines += 12; tile < end; tile += Rows, lines += 12)
        {
            Vector512<float> x = Vector512.Load(tile), y = Vector512.Load(tile + Lanes), c;
            c = Vector512.Create(lines[0]);
            a0 = Vector512.FusedMultiplyAdd(x, c, a0);
            b0 = Vector512.FusedMultiplyAdd(y, c, b0);
            c = Vector512.Create(lines[1]);
            a1 = Vector512.FusedMultiplyAdd(x, c, a1);
            b1 = Vector512.FusedMultiplyAdd(y, c, b1);
            c = Vector512.Create(lines[2]);
            a2 = Vector512.FusedMultiplyAdd(x, c, a2);
            b2 = Vector512.FusedMultiplyAdd(y, c, b2);
            c = Vector512.Create(lines[3]);
            a3 = Vector512.FusedMultiplyAdd(x, c, a3);
            b3 = Vector512.FusedMultiplyAdd(y, c, b3);
            c = Vector512.Create(lines[4]);
            a4 = Vector512.FusedMultiplyAdd(x, c, a4);
            b4 = Vector512.FusedMultiplyAdd(y, c, b4);
            c = Vector512.Create(lines[5]);
            a5 = Vector512.FusedMultiplyAdd(x, c, a5);
            b5 = Vector512.FusedMultiplyAdd(y, c, b5);
            c = Vector512.Create(lines[6]);
            a6 = Vector512.FusedMultiplyAdd(x, c, a6);
            b6 = Vector512.FusedMultiplyAdd(y, c, b6);
            c = Vector512.Create(lines[7]);
            a7 = Vector512.FusedMultiplyAdd(x, c, a7);
            b7 = Vector512.FusedMultiplyAdd(y, c, b7);
            c = Vector512.Create(lines[8]);
            a8 = Vector512.FusedMultiplyAdd(x, c, a8);
            b8 = Vector512.FusedMultiplyAdd(y, c, b8);
            c = Vector512.Create(lines[9]);
            a9 = Vector512.FusedMultiplyAdd(x, c, a9);
            b9 = Vector512.FusedMultiplyAdd(y, c, b9);
            c = Vector512.Create(lines[10]);
            a10 = Vector512.FusedMultiplyAdd(x, c, a10);
            b10 = Vector512.FusedMultiplyAdd(y, c, b10);
            c = Vector512.Create(lines[11]);
            a11 = Vector512.FusedMultiplyAdd(x, c, a11);
            b11 = Vector512.FusedMultiplyAdd(y, c, b11);
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
        low.Add(a6, center + 6);
        high.Add(b6, center + 6);
        low.Add(a7, center + 7);
        high.Add(b7, center + 7);
        low.Add(a8, center + 8);
        high.Add(b8, center + 8);
        low.Add(a9, center + 9);
        high.Add(b9, center + 9);
        low.Add(a10, center + 10);
        high.Add(b10, center + 10);
        low.Add(a11, center + 11);
        high.Add(b11, center + 11);
        lowRows = low;
        highRows = high;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailPanel(float* tile, float* lines, int dimension, int center, ref Running lowRows, ref Running highRows)
    {
        Vector512<float> a0 = Vector512.Create(lines[0]), b0 = a0;
        Vector512<float> a1 = Vector512.Create(lines[1]), b1 = a1;
        Vector512<float> a2 = Vector512.Create(lines[2]), b2 = a2;
        Vector512<float> a3 = Vector512.Create(lines[3]), b3 = a3;
        float* end = tile + ((long)dimension * Rows);
        for (lines += 4; tile < end; tile += Rows, lines += 4)
        {
            Vector512<float> x = Vector512.Load(tile), y = Vector512.Load(tile + Lanes), c;
            c = Vector512.Create(lines[0]);
            a0 = Vector512.FusedMultiplyAdd(x, c, a0);
            b0 = Vector512.FusedMultiplyAdd(y, c, b0);
            c = Vector512.Create(lines[1]);
            a1 = Vector512.FusedMultiplyAdd(x, c, a1);
            b1 = Vector512.FusedMultiplyAdd(y, c, b1);
            c = Vector512.Create(lines[2]);
            a2 = Vector512.FusedMultiplyAdd(x, c, a2);
            b2 = Vector512.FusedMultiplyAdd(y, c, b2);
            c = Vector512.Create(lines[3]);
            a3 = Vector512.FusedMultiplyAdd(x, c, a3);
            b3 = Vector512.FusedMultiplyAdd(y, c, b3);
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
        lowRows = low;
        highRows = high;
    }

    public override void Scores(float* tile, CenterPanels panels, int panel, float* scores)
    {
        float* lines = panels.Panel(panel);
        int dimension = panels.Dimension, width = panels.Width(panel);
        for (int j = 0; j < width; j++)
        {
            Vector512<float> a = Vector512.Create(lines[j]), b = a;
            for (int d = 0; d < dimension; d++)
            {
                Vector512<float> c = Vector512.Create(lines[((d + 1) * (long)width) + j]);
                a = Vector512.FusedMultiplyAdd(Vector512.Load(tile + ((long)d * Rows)), c, a);
                b = Vector512.FusedMultiplyAdd(Vector512.Load(tile + ((long)d * Rows) + Lanes), c, b);
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
            Vector512<float> squares = Vector512<float>.Zero;
            for (long d = 0; d < dimension; d++)
            {
                Vector512<float> x = Vector512.Load(tile + (d * Rows) + lane);
                squares = Vector512.FusedMultiplyAdd(x, x, squares);
            }

            Vector512<float> best = Vector512.Load(state.Best + lane);
            Vector512<float> norm = Vector512.Sqrt(squares);
            Vector512<float> distance = Vector512.Sqrt(Vector512.MaxNative(squares - (best + best), Vector512<float>.Zero));
            Vector512<float> reach = Vector512.MinNative(
                Vector512.Create(bound.Longest), norm + distance + (Vector512.Create(bound.Slack) * norm));
            Vector512<float> margin =
                (Vector512.Create(bound.TwoG) * reach * ((0.5f * reach) + norm)) + Vector512.Create(bound.Underflow);
            Vector512<float> threshold = best - margin;
            threshold.Store(state.Threshold + lane);

            // Not "second >= threshold": what is not a number is not certain.
            uint certain = (uint)Vector512.LessThan(Vector512.Load(state.Second + lane), threshold).ExtractMostSignificantBits();
            uncertain |= (~certain & 0xFFFFu) << lane;
        }

        return uncertain;
    }

    /// <summary>The best and second best score so far of as many rows as there are lanes.</summary>
    private struct Running
    {
        private Vector512<float> _best;
        private Vector512<float> _second;
        private Vector512<int> _index;

        public static Running Load(TileState state, int lane) => new()
        {
            _best = Vector512.Load(state.Best + lane),
            _second = Vector512.Load(state.Second + lane),
            _index = Vector512.Load(state.Index + lane),
        };

        public readonly void Store(TileState state, int lane)
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
    }
}
