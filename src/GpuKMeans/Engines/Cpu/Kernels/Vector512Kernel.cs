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

    private const int ChunkPanels = 4;

    public override string Name => "avx512";

    public override int TileRows => Rows;

    public override int PanelWidth => Wide;

    public override int TailWidth => Tail;

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
                    lowRows.Add(Vector512.Load(place), center);
                    highRows.Add(Vector512.Load(place + Lanes), center);
                }
            }

            low = lowRows;
            high = highRows;
        }
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WideChunk(float* tile, float* lines, int column, int columns, float* scores)
    {
        // The first chunk starts from −½‖c‖², the others from zeros.
        float* zeros = stackalloc float[Wide];
        new Span<float>(zeros, Wide).Clear();
        float* start = column == 0 ? lines : zeros;
        lines += (column + 1) * (long)Wide;
        Vector512<float> a0 = Vector512.Create(start[0]), b0 = a0;
        Vector512<float> a1 = Vector512.Create(start[1]), b1 = a1;
        Vector512<float> a2 = Vector512.Create(start[2]), b2 = a2;
        Vector512<float> a3 = Vector512.Create(start[3]), b3 = a3;
        Vector512<float> a4 = Vector512.Create(start[4]), b4 = a4;
        Vector512<float> a5 = Vector512.Create(start[5]), b5 = a5;
        Vector512<float> a6 = Vector512.Create(start[6]), b6 = a6;
        Vector512<float> a7 = Vector512.Create(start[7]), b7 = a7;
        Vector512<float> a8 = Vector512.Create(start[8]), b8 = a8;
        Vector512<float> a9 = Vector512.Create(start[9]), b9 = a9;
        Vector512<float> a10 = Vector512.Create(start[10]), b10 = a10;
        Vector512<float> a11 = Vector512.Create(start[11]), b11 = a11;
        float* end = tile + ((long)columns * Rows);
        for (; tile < end; tile += Rows, lines += 12)
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

        if (column > 0)
        {
            a0 += Vector512.Load(scores + (0 * Rows));
            b0 += Vector512.Load(scores + (0 * Rows) + Lanes);
            a1 += Vector512.Load(scores + (1 * Rows));
            b1 += Vector512.Load(scores + (1 * Rows) + Lanes);
            a2 += Vector512.Load(scores + (2 * Rows));
            b2 += Vector512.Load(scores + (2 * Rows) + Lanes);
            a3 += Vector512.Load(scores + (3 * Rows));
            b3 += Vector512.Load(scores + (3 * Rows) + Lanes);
            a4 += Vector512.Load(scores + (4 * Rows));
            b4 += Vector512.Load(scores + (4 * Rows) + Lanes);
            a5 += Vector512.Load(scores + (5 * Rows));
            b5 += Vector512.Load(scores + (5 * Rows) + Lanes);
            a6 += Vector512.Load(scores + (6 * Rows));
            b6 += Vector512.Load(scores + (6 * Rows) + Lanes);
            a7 += Vector512.Load(scores + (7 * Rows));
            b7 += Vector512.Load(scores + (7 * Rows) + Lanes);
            a8 += Vector512.Load(scores + (8 * Rows));
            b8 += Vector512.Load(scores + (8 * Rows) + Lanes);
            a9 += Vector512.Load(scores + (9 * Rows));
            b9 += Vector512.Load(scores + (9 * Rows) + Lanes);
            a10 += Vector512.Load(scores + (10 * Rows));
            b10 += Vector512.Load(scores + (10 * Rows) + Lanes);
            a11 += Vector512.Load(scores + (11 * Rows));
            b11 += Vector512.Load(scores + (11 * Rows) + Lanes);
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
        Vector512<float> a0 = Vector512.Create(start[0]), b0 = a0;
        Vector512<float> a1 = Vector512.Create(start[1]), b1 = a1;
        Vector512<float> a2 = Vector512.Create(start[2]), b2 = a2;
        Vector512<float> a3 = Vector512.Create(start[3]), b3 = a3;
        float* end = tile + ((long)columns * Rows);
        for (; tile < end; tile += Rows, lines += 4)
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

        if (column > 0)
        {
            a0 += Vector512.Load(scores + (0 * Rows));
            b0 += Vector512.Load(scores + (0 * Rows) + Lanes);
            a1 += Vector512.Load(scores + (1 * Rows));
            b1 += Vector512.Load(scores + (1 * Rows) + Lanes);
            a2 += Vector512.Load(scores + (2 * Rows));
            b2 += Vector512.Load(scores + (2 * Rows) + Lanes);
            a3 += Vector512.Load(scores + (3 * Rows));
            b3 += Vector512.Load(scores + (3 * Rows) + Lanes);
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

    // A lane is a centre here; lanes beyond the panel hold what follows it and are written over by the next. Sums are
    // made chunk by chunk as for tiles, so that the same bound holds.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void ScoreRow(float* row, CenterPanels panels, float* scores)
    {
        int panel = 0, dimension = panels.Dimension;
        for (; panel + 4 <= panels.WidePanels; panel += 4)
        {
            float* p = panels.Panel(panel), q = panels.Panel(panel + 1), r = panels.Panel(panel + 2), s = panels.Panel(panel + 3);
            Vector512<float> a = Vector512.Load(p), b = Vector512.Load(q), c = Vector512.Load(r), e = Vector512.Load(s);
            Vector512<float> sumA = Vector512<float>.Zero, sumB = sumA, sumC = sumA, sumE = sumA;
            for (int column = 0; column < dimension; column += ChunkColumns)
            {
                int end = Math.Min(column + ChunkColumns, dimension);
                for (int d = column; d < end; d++)
                {
                    Vector512<float> x = Vector512.Create(row[d]);
                    long line = (d + 1) * (long)Wide;
                    a = Vector512.FusedMultiplyAdd(x, Vector512.Load(p + line), a);
                    b = Vector512.FusedMultiplyAdd(x, Vector512.Load(q + line), b);
                    c = Vector512.FusedMultiplyAdd(x, Vector512.Load(r + line), c);
                    e = Vector512.FusedMultiplyAdd(x, Vector512.Load(s + line), e);
                }

                (sumA, sumB, sumC, sumE) = (sumA + a, sumB + b, sumC + c, sumE + e);
                a = b = c = e = Vector512<float>.Zero;
            }

            float* place = scores + panels.FirstCenter(panel);
            sumA.Store(place);
            sumB.Store(place + Wide);
            sumC.Store(place + (2 * Wide));
            sumE.Store(place + (3 * Wide));
        }

        for (; panel < panels.PanelCount; panel++)
        {
            ScorePanel(row, panels.Panel(panel), dimension, panels.Width(panel), scores + panels.FirstCenter(panel));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScorePanel(float* row, float* lines, int dimension, int width, float* scores)
    {
        Vector512<float> a = Vector512.Load(lines), sum = Vector512<float>.Zero;
        for (int column = 0; column < dimension; column += ChunkColumns)
        {
            int end = Math.Min(column + ChunkColumns, dimension);
            for (int d = column; d < end; d++)
            {
                lines += width;
                a = Vector512.FusedMultiplyAdd(Vector512.Create(row[d]), Vector512.Load(lines), a);
            }

            sum += a;
            a = Vector512<float>.Zero;
        }

        sum.Store(scores);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override uint Decide(float* tile, int dimension, in ErrorBound bound, TileState state)
    {
        Vector512<float> low = Vector512<float>.Zero, low2 = low, high = low, high2 = low;
        float* end = tile + ((long)(dimension - 1) * Rows);
        for (; tile < end; tile += 2 * Rows)
        {
            Vector512<float> x = Vector512.Load(tile), y = Vector512.Load(tile + Lanes);
            low = Vector512.FusedMultiplyAdd(x, x, low);
            high = Vector512.FusedMultiplyAdd(y, y, high);
            x = Vector512.Load(tile + Rows);
            y = Vector512.Load(tile + Rows + Lanes);
            low2 = Vector512.FusedMultiplyAdd(x, x, low2);
            high2 = Vector512.FusedMultiplyAdd(y, y, high2);
        }

        if (tile == end)
        {
            Vector512<float> x = Vector512.Load(tile), y = Vector512.Load(tile + Lanes);
            low = Vector512.FusedMultiplyAdd(x, x, low);
            high = Vector512.FusedMultiplyAdd(y, y, high);
        }

        return Decide(low + low2, 0, bound, state) | (Decide(high + high2, Lanes, bound, state) << Lanes);
    }

    private static uint Decide(Vector512<float> squares, int lane, in ErrorBound bound, TileState state)
    {
        Vector512<float> best = Vector512.Load(state.Best + lane);
        Vector512<float> norm = Vector512.Sqrt(squares);
        Vector512<float> distance = Vector512.Sqrt(Vector512.MaxNative(squares - (best + best), Vector512<float>.Zero));
        Vector512<float> reach = Vector512.MinNative(
            Vector512.Create(bound.Longest), norm + distance + (Vector512.Create(bound.Slack) * norm));
        Vector512<float> margin = (Vector512.Create(bound.TwoG) * reach * ((0.5f * reach) + norm)) + Vector512.Create(bound.Underflow);
        Vector512<float> threshold = best - margin;
        threshold.Store(state.Threshold + lane);

        // Not "second >= threshold": what is not a number is not certain.
        uint certain = (uint)Vector512.LessThan(Vector512.Load(state.Second + lane), threshold).ExtractMostSignificantBits();
        return ~certain & 0xFFFFu;
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
