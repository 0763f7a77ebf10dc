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

    private const int ChunkPanels = 4;

    public override string Name => "vector128";

    public override int TileRows => Rows;

    public override int PanelWidth => Wide;

    public override int TailWidth => Tail;

    public override int RoundingsPerTerm => 2;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Assign(float* tile, CenterPanels panels, int firstPanel, int endPanel, TileState state)
    {
        Running low = Running.Load(state, 0), high = Running.Load(state, Lanes);
        if (panels.Dimension > ChunkColumns)
        {
            AssignInChunks(tile, panels, firstPanel, endPanel, ref low, ref high);
        }
        else
        {
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
        }

        low.Store(state, 0);
        high.Store(state, Lanes);
    }

    // Long rows: a chunk of columns of the tile stays in the first-level cache while a few panels pass over it, and the
    // scores so far wait in memory.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AssignInChunks(
        float* tile, CenterPanels panels, int firstPanel, int endPanel, ref Running low, ref Running high)
    {
        float* scores = stackalloc float[ChunkPanels * Wide * Rows];
        for (int group = firstPanel; group < endPanel; group += ChunkPanels)
        {
            int endGroup = Math.Min(group + ChunkPanels, endPanel);
            for (int column = 0; column < panels.Dimension; column += ChunkColumns)
            {
                int columns = Math.Min(ChunkColumns, panels.Dimension - column);
                float* chunk = tile + ((long)column * Rows);
                for (int panel = group; panel < endGroup; panel++)
                {
                    float* lines = panels.Panel(panel);
                    float* place = scores + ((panel - group) * Wide * Rows);
                    if (panels.Width(panel) == Wide)
                    {
                        WideChunk(chunk, lines, column, columns, place);
                    }
                    else
                    {
                        TailChunk(chunk, lines, column, columns, place);
                    }
                }
            }

            // Copies stay in registers; what is passed by reference does not.
            Running lowRows = low, highRows = high;
            for (int panel = group; panel < endGroup; panel++)
            {
                float* place = scores + ((panel - group) * Wide * Rows);
                int center = panels.FirstCenter(panel), end = center + panels.Width(panel);
                for (; center < end; center++, place += Rows)
                {
                    lowRows.Add(Vector128.Load(place), center);
                    highRows.Add(Vector128.Load(place + Lanes), center);
                }
            }

            low = lowRows;
            high = highRows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidePanel(float* tile, float* lines, int dimension, int center, ref Running lowRows, ref Running highRows)
    {
        Vector128<float> a0 = Vector128.Create(lines[0]), b0 = a0;
        Vector128<float> a1 = Vector128.Create(lines[1]), b1 = a1;
        Vector128<float> a2 = Vector128.Create(lines[2]), b2 = a2;
        Vector128<float> a3 = Vector128.Create(lines[3]), b3 = a3;
        Vector128<float> a4 = Vector128.Create(lines[4]), b4 = a4;
        Vector128<float> a5 = Vector128.Create(lines[5]), b5 = a5;
        Vector128<float> a6 = Vector128.Create(lines[6]), b6 = a6;
        Vector128<float> a7 = Vector128.Create(lines[7]), b7 = a7;
        Vector128<float> a8 = Vector128.Create(lines[8]), b8 = a8;
        Vector128<float> a9 = Vector128.Create(lines[9]), b9 = a9;
        Vector128<float> a10 = Vector128.Create(lines[10]), b10 = a10;
        Vector128<float> a11 = Vector128.Create(lines[11]), b11 = a11;
        float* end = tile + ((long)dimension * Rows);
        for (lines += 12; tile < end; tile += Rows, lines += 12)
        {
            Vector128<float> x = Vector128.Load(tile), y = Vector128.Load(tile + Lanes), c;
            c = Vector128.Create(lines[0]);
            a0 = Vector128.MultiplyAddEstimate(x, c, a0);
            b0 = Vector128.MultiplyAddEstimate(y, c, b0);
            c = Vector128.Create(lines[1]);
            a1 = Vector128.MultiplyAddEstimate(x, c, a1);
            b1 = Vector128.MultiplyAddEstimate(y, c, b1);
            c = Vector128.Create(lines[2]);
            a2 = Vector128.MultiplyAddEstimate(x, c, a2);
            b2 = Vector128.MultiplyAddEstimate(y, c, b2);
            c = Vector128.Create(lines[3]);
            a3 = Vector128.MultiplyAddEstimate(x, c, a3);
            b3 = Vector128.MultiplyAddEstimate(y, c, b3);
            c = Vector128.Create(lines[4]);
            a4 = Vector128.MultiplyAddEstimate(x, c, a4);
            b4 = Vector128.MultiplyAddEstimate(y, c, b4);
            c = Vector128.Create(lines[5]);
            a5 = Vector128.MultiplyAddEstimate(x, c, a5);
            b5 = Vector128.MultiplyAddEstimate(y, c, b5);
            c = Vector128.Create(lines[6]);
            a6 = Vector128.MultiplyAddEstimate(x, c, a6);
            b6 = Vector128.MultiplyAddEstimate(y, c, b6);
            c = Vector128.Create(lines[7]);
            a7 = Vector128.MultiplyAddEstimate(x, c, a7);
            b7 = Vector128.MultiplyAddEstimate(y, c, b7);
            c = Vector128.Create(lines[8]);
            a8 = Vector128.MultiplyAddEstimate(x, c, a8);
            b8 = Vector128.MultiplyAddEstimate(y, c, b8);
            c = Vector128.Create(lines[9]);
            a9 = Vector128.MultiplyAddEstimate(x, c, a9);
            b9 = Vector128.MultiplyAddEstimate(y, c, b9);
            c = Vector128.Create(lines[10]);
            a10 = Vector128.MultiplyAddEstimate(x, c, a10);
            b10 = Vector128.MultiplyAddEstimate(y, c, b10);
            c = Vector128.Create(lines[11]);
            a11 = Vector128.MultiplyAddEstimate(x, c, a11);
            b11 = Vector128.MultiplyAddEstimate(y, c, b11);
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
        Vector128<float> a0 = Vector128.Create(lines[0]), b0 = a0;
        Vector128<float> a1 = Vector128.Create(lines[1]), b1 = a1;
        Vector128<float> a2 = Vector128.Create(lines[2]), b2 = a2;
        Vector128<float> a3 = Vector128.Create(lines[3]), b3 = a3;
        float* end = tile + ((long)dimension * Rows);
        for (lines += 4; tile < end; tile += Rows, lines += 4)
        {
            Vector128<float> x = Vector128.Load(tile), y = Vector128.Load(tile + Lanes), c;
            c = Vector128.Create(lines[0]);
            a0 = Vector128.MultiplyAddEstimate(x, c, a0);
            b0 = Vector128.MultiplyAddEstimate(y, c, b0);
            c = Vector128.Create(lines[1]);
            a1 = Vector128.MultiplyAddEstimate(x, c, a1);
            b1 = Vector128.MultiplyAddEstimate(y, c, b1);
            c = Vector128.Create(lines[2]);
            a2 = Vector128.MultiplyAddEstimate(x, c, a2);
            b2 = Vector128.MultiplyAddEstimate(y, c, b2);
            c = Vector128.Create(lines[3]);
            a3 = Vector128.MultiplyAddEstimate(x, c, a3);
            b3 = Vector128.MultiplyAddEstimate(y, c, b3);
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WideChunk(float* tile, float* lines, int column, int columns, float* scores)
    {
        // The first chunk starts from −½‖c‖², the others from zeros.
        float* zeros = stackalloc float[Wide];
        new Span<float>(zeros, Wide).Clear();
        float* start = column == 0 ? lines : zeros;
        lines += (column + 1) * (long)Wide;
        Vector128<float> a0 = Vector128.Create(start[0]), b0 = a0;
        Vector128<float> a1 = Vector128.Create(start[1]), b1 = a1;
        Vector128<float> a2 = Vector128.Create(start[2]), b2 = a2;
        Vector128<float> a3 = Vector128.Create(start[3]), b3 = a3;
        Vector128<float> a4 = Vector128.Create(start[4]), b4 = a4;
        Vector128<float> a5 = Vector128.Create(start[5]), b5 = a5;
        Vector128<float> a6 = Vector128.Create(start[6]), b6 = a6;
        Vector128<float> a7 = Vector128.Create(start[7]), b7 = a7;
        Vector128<float> a8 = Vector128.Create(start[8]), b8 = a8;
        Vector128<float> a9 = Vector128.Create(start[9]), b9 = a9;
        Vector128<float> a10 = Vector128.Create(start[10]), b10 = a10;
        Vector128<float> a11 = Vector128.Create(start[11]), b11 = a11;
        float* end = tile + ((long)columns * Rows);
        for (; tile < end; tile += Rows, lines += 12)
        {
            Vector128<float> x = Vector128.Load(tile), y = Vector128.Load(tile + Lanes), c;
            c = Vector128.Create(lines[0]);
            a0 = Vector128.MultiplyAddEstimate(x, c, a0);
            b0 = Vector128.MultiplyAddEstimate(y, c, b0);
            c = Vector128.Create(lines[1]);
            a1 = Vector128.MultiplyAddEstimate(x, c, a1);
            b1 = Vector128.MultiplyAddEstimate(y, c, b1);
            c = Vector128.Create(lines[2]);
            a2 = Vector128.MultiplyAddEstimate(x, c, a2);
            b2 = Vector128.MultiplyAddEstimate(y, c, b2);
            c = Vector128.Create(lines[3]);
            a3 = Vector128.MultiplyAddEstimate(x, c, a3);
            b3 = Vector128.MultiplyAddEstimate(y, c, b3);
            c = Vector128.Create(lines[4]);
            a4 = Vector128.MultiplyAddEstimate(x, c, a4);
            b4 = Vector128.MultiplyAddEstimate(y, c, b4);
            c = Vector128.Create(lines[5]);
            a5 = Vector128.MultiplyAddEstimate(x, c, a5);
            b5 = Vector128.MultiplyAddEstimate(y, c, b5);
            c = Vector128.Create(lines[6]);
            a6 = Vector128.MultiplyAddEstimate(x, c, a6);
            b6 = Vector128.MultiplyAddEstimate(y, c, b6);
            c = Vector128.Create(lines[7]);
            a7 = Vector128.MultiplyAddEstimate(x, c, a7);
            b7 = Vector128.MultiplyAddEstimate(y, c, b7);
            c = Vector128.Create(lines[8]);
            a8 = Vector128.MultiplyAddEstimate(x, c, a8);
            b8 = Vector128.MultiplyAddEstimate(y, c, b8);
            c = Vector128.Create(lines[9]);
            a9 = Vector128.MultiplyAddEstimate(x, c, a9);
            b9 = Vector128.MultiplyAddEstimate(y, c, b9);
            c = Vector128.Create(lines[10]);
            a10 = Vector128.MultiplyAddEstimate(x, c, a10);
            b10 = Vector128.MultiplyAddEstimate(y, c, b10);
            c = Vector128.Create(lines[11]);
            a11 = Vector128.MultiplyAddEstimate(x, c, a11);
            b11 = Vector128.MultiplyAddEstimate(y, c, b11);
        }

        if (column > 0)
        {
            a0 += Vector128.Load(scores + (0 * Rows));
            b0 += Vector128.Load(scores + (0 * Rows) + Lanes);
            a1 += Vector128.Load(scores + (1 * Rows));
            b1 += Vector128.Load(scores + (1 * Rows) + Lanes);
            a2 += Vector128.Load(scores + (2 * Rows));
            b2 += Vector128.Load(scores + (2 * Rows) + Lanes);
            a3 += Vector128.Load(scores + (3 * Rows));
            b3 += Vector128.Load(scores + (3 * Rows) + Lanes);
            a4 += Vector128.Load(scores + (4 * Rows));
            b4 += Vector128.Load(scores + (4 * Rows) + Lanes);
            a5 += Vector128.Load(scores + (5 * Rows));
            b5 += Vector128.Load(scores + (5 * Rows) + Lanes);
            a6 += Vector128.Load(scores + (6 * Rows));
            b6 += Vector128.Load(scores + (6 * Rows) + Lanes);
            a7 += Vector128.Load(scores + (7 * Rows));
            b7 += Vector128.Load(scores + (7 * Rows) + Lanes);
            a8 += Vector128.Load(scores + (8 * Rows));
            b8 += Vector128.Load(scores + (8 * Rows) + Lanes);
            a9 += Vector128.Load(scores + (9 * Rows));
            b9 += Vector128.Load(scores + (9 * Rows) + Lanes);
            a10 += Vector128.Load(scores + (10 * Rows));
            b10 += Vector128.Load(scores + (10 * Rows) + Lanes);
            a11 += Vector128.Load(scores + (11 * Rows));
            b11 += Vector128.Load(scores + (11 * Rows) + Lanes);
        }

        a0.Store(scores + (0 * Rows));
        b0.Store(scores + (0 * Rows) + Lanes);
        a1.Store(scores + (1 * Rows));
        b1.Store(scores + (1 * Rows) + Lanes);
        a2.Store(scores + (2 * Rows));
        b2.Store(scores + (2 * Rows) + Lanes);
        a3.Store(scores + (3 * Rows));
        b3.Store(scores + (3 * Rows) + Lanes);
        a4.Store(scores + (4 * Rows));
        b4.Store(scores + (4 * Rows) + Lanes);
        a5.Store(scores + (5 * Rows));
        b5.Store(scores + (5 * Rows) + Lanes);
        a6.Store(scores + (6 * Rows));
        b6.Store(scores + (6 * Rows) + Lanes);
        a7.Store(scores + (7 * Rows));
        b7.Store(scores + (7 * Rows) + Lanes);
        a8.Store(scores + (8 * Rows));
        b8.Store(scores + (8 * Rows) + Lanes);
        a9.Store(scores + (9 * Rows));
        b9.Store(scores + (9 * Rows) + Lanes);
        a10.Store(scores + (10 * Rows));
        b10.Store(scores + (10 * Rows) + Lanes);
        a11.Store(scores + (11 * Rows));
        b11.Store(scores + (11 * Rows) + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailChunk(float* tile, float* lines, int column, int columns, float* scores)
    {
        // The first chunk starts from −½‖c‖², the others from zeros.
        float* zeros = stackalloc float[Tail];
        new Span<float>(zeros, Tail).Clear();
        float* start = column == 0 ? lines : zeros;
        lines += (column + 1) * (long)Tail;
        Vector128<float> a0 = Vector128.Create(start[0]), b0 = a0;
        Vector128<float> a1 = Vector128.Create(start[1]), b1 = a1;
        Vector128<float> a2 = Vector128.Create(start[2]), b2 = a2;
        Vector128<float> a3 = Vector128.Create(start[3]), b3 = a3;
        float* end = tile + ((long)columns * Rows);
        for (; tile < end; tile += Rows, lines += 4)
        {
            Vector128<float> x = Vector128.Load(tile), y = Vector128.Load(tile + Lanes), c;
            c = Vector128.Create(lines[0]);
            a0 = Vector128.MultiplyAddEstimate(x, c, a0);
            b0 = Vector128.MultiplyAddEstimate(y, c, b0);
            c = Vector128.Create(lines[1]);
            a1 = Vector128.MultiplyAddEstimate(x, c, a1);
            b1 = Vector128.MultiplyAddEstimate(y, c, b1);
            c = Vector128.Create(lines[2]);
            a2 = Vector128.MultiplyAddEstimate(x, c, a2);
            b2 = Vector128.MultiplyAddEstimate(y, c, b2);
            c = Vector128.Create(lines[3]);
            a3 = Vector128.MultiplyAddEstimate(x, c, a3);
            b3 = Vector128.MultiplyAddEstimate(y, c, b3);
        }

        if (column > 0)
        {
            a0 += Vector128.Load(scores + (0 * Rows));
            b0 += Vector128.Load(scores + (0 * Rows) + Lanes);
            a1 += Vector128.Load(scores + (1 * Rows));
            b1 += Vector128.Load(scores + (1 * Rows) + Lanes);
            a2 += Vector128.Load(scores + (2 * Rows));
            b2 += Vector128.Load(scores + (2 * Rows) + Lanes);
            a3 += Vector128.Load(scores + (3 * Rows));
            b3 += Vector128.Load(scores + (3 * Rows) + Lanes);
        }

        a0.Store(scores + (0 * Rows));
        b0.Store(scores + (0 * Rows) + Lanes);
        a1.Store(scores + (1 * Rows));
        b1.Store(scores + (1 * Rows) + Lanes);
        a2.Store(scores + (2 * Rows));
        b2.Store(scores + (2 * Rows) + Lanes);
        a3.Store(scores + (3 * Rows));
        b3.Store(scores + (3 * Rows) + Lanes);
    }

    // A lane is a centre here. Sums are made chunk by chunk as for tiles, so that the same bound holds.
    public override void ScoreRow(float* row, CenterPanels panels, float* scores)
    {
        for (int panel = 0; panel < panels.PanelCount; panel++)
        {
            int width = panels.Width(panel);
            for (int part = 0; part < width; part += Lanes)
            {
                float* place = scores + panels.FirstCenter(panel) + part;
                ScorePanel(row, panels.Panel(panel) + part, panels.Dimension, width, place);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScorePanel(float* row, float* lines, int dimension, int width, float* scores)
    {
        Vector128<float> a = Vector128.Load(lines), sum = Vector128<float>.Zero;
        for (int column = 0; column < dimension; column += ChunkColumns)
        {
            int end = Math.Min(column + ChunkColumns, dimension);
            for (int d = column; d < end; d++)
            {
                lines += width;
                a = Vector128.MultiplyAddEstimate(Vector128.Create(row[d]), Vector128.Load(lines), a);
            }

            sum += a;
            a = Vector128<float>.Zero;
        }

        sum.Store(scores);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override uint Decide(float* tile, int dimension, in ErrorBound bound, TileState state)
    {
        Vector128<float> low = Vector128<float>.Zero, low2 = low, high = low, high2 = low;
        float* end = tile + ((long)(dimension - 1) * Rows);
        for (; tile < end; tile += 2 * Rows)
        {
            Vector128<float> x = Vector128.Load(tile), y = Vector128.Load(tile + Lanes);
            low = Vector128.MultiplyAddEstimate(x, x, low);
            high = Vector128.MultiplyAddEstimate(y, y, high);
            x = Vector128.Load(tile + Rows);
            y = Vector128.Load(tile + Rows + Lanes);
            low2 = Vector128.MultiplyAddEstimate(x, x, low2);
            high2 = Vector128.MultiplyAddEstimate(y, y, high2);
        }

        if (tile == end)
        {
            Vector128<float> x = Vector128.Load(tile), y = Vector128.Load(tile + Lanes);
            low = Vector128.MultiplyAddEstimate(x, x, low);
            high = Vector128.MultiplyAddEstimate(y, y, high);
        }

        return Decide(low + low2, 0, bound, state) | (Decide(high + high2, Lanes, bound, state) << Lanes);
    }

    private static uint Decide(Vector128<float> squares, int lane, in ErrorBound bound, TileState state)
    {
        Vector128<float> best = Vector128.Load(state.Best + lane);
        Vector128<float> norm = Vector128.Sqrt(squares);
        Vector128<float> distance = Vector128.Sqrt(Vector128.MaxNative(squares - (best + best), Vector128<float>.Zero));
        Vector128<float> reach = Vector128.MinNative(
            Vector128.Create(bound.Longest), norm + distance + (Vector128.Create(bound.Slack) * norm));
        Vector128<float> margin = (Vector128.Create(bound.TwoG) * reach * ((0.5f * reach) + norm)) + Vector128.Create(bound.Underflow);
        Vector128<float> threshold = best - margin;
        threshold.Store(state.Threshold + lane);

        // Not "second >= threshold": what is not a number is not certain.
        uint certain = (uint)Vector128.LessThan(Vector128.Load(state.Second + lane), threshold).ExtractMostSignificantBits();
        return ~certain & 0xFu;
    }

    /// <summary>The best and second best score so far of as many rows as there are lanes.</summary>
    private struct Running
    {
        private Vector128<float> _best;
        private Vector128<float> _second;
        private Vector128<int> _index;

        public static Running Load(TileState state, int lane) => new()
        {
            _best = Vector128.Load(state.Best + lane),
            _second = Vector128.Load(state.Second + lane),
            _index = Vector128.Load(state.Index + lane),
        };

        public readonly void Store(TileState state, int lane)
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
