using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>Scores of rows too long for the first-level cache, a chunk of columns at a time.</content>
internal sealed unsafe partial class Vector256Kernel
{
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
                    lowRows.Add(Vector256.Load(place), center);
                    highRows.Add(Vector256.Load(place + Lanes), center);
                }
            }

            low = lowRows;
            high = highRows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WideChunk(float* tile, float* lines, int column, int columns, float* scores)
    {
        // The first chunk starts from −½‖c‖², the others from zeros.
        float* zeros = stackalloc float[Wide];
        new Span<float>(zeros, Wide).Clear();
        float* start = column == 0 ? lines : zeros;
        lines += (column + 1) * (long)Wide;
        Vector256<float> a0 = Vector256.Create(start[0]), b0 = a0;
        Vector256<float> a1 = Vector256.Create(start[1]), b1 = a1;
        Vector256<float> a2 = Vector256.Create(start[2]), b2 = a2;
        Vector256<float> a3 = Vector256.Create(start[3]), b3 = a3;
        Vector256<float> a4 = Vector256.Create(start[4]), b4 = a4;
        Vector256<float> a5 = Vector256.Create(start[5]), b5 = a5;
        float* end = tile + ((long)columns * Rows);
        for (; tile < end; tile += Rows, lines += 6)
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

        if (column > 0)
        {
            a0 += Vector256.Load(scores + (0 * Rows));
            b0 += Vector256.Load(scores + (0 * Rows) + Lanes);
            a1 += Vector256.Load(scores + (1 * Rows));
            b1 += Vector256.Load(scores + (1 * Rows) + Lanes);
            a2 += Vector256.Load(scores + (2 * Rows));
            b2 += Vector256.Load(scores + (2 * Rows) + Lanes);
            a3 += Vector256.Load(scores + (3 * Rows));
            b3 += Vector256.Load(scores + (3 * Rows) + Lanes);
            a4 += Vector256.Load(scores + (4 * Rows));
            b4 += Vector256.Load(scores + (4 * Rows) + Lanes);
            a5 += Vector256.Load(scores + (5 * Rows));
            b5 += Vector256.Load(scores + (5 * Rows) + Lanes);
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
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TailChunk(float* tile, float* lines, int column, int columns, float* scores)
    {
        // The first chunk starts from −½‖c‖², the others from zeros.
        float* zeros = stackalloc float[Tail];
        new Span<float>(zeros, Tail).Clear();
        float* start = column == 0 ? lines : zeros;
        lines += (column + 1) * (long)Tail;
        Vector256<float> a0 = Vector256.Create(start[0]), b0 = a0;
        Vector256<float> a1 = Vector256.Create(start[1]), b1 = a1;
        float* end = tile + ((long)columns * Rows);
        for (; tile < end; tile += Rows, lines += 2)
        {
            Vector256<float> x = Vector256.Load(tile), y = Vector256.Load(tile + Lanes), c;
            c = Vector256.Create(lines[0]);
            a0 = Vector256.FusedMultiplyAdd(x, c, a0);
            b0 = Vector256.FusedMultiplyAdd(y, c, b0);
            c = Vector256.Create(lines[1]);
            a1 = Vector256.FusedMultiplyAdd(x, c, a1);
            b1 = Vector256.FusedMultiplyAdd(y, c, b1);
        }

        if (column > 0)
        {
            a0 += Vector256.Load(scores + (0 * Rows));
            b0 += Vector256.Load(scores + (0 * Rows) + Lanes);
            a1 += Vector256.Load(scores + (1 * Rows));
            b1 += Vector256.Load(scores + (1 * Rows) + Lanes);
        }

        a0.Store(scores + (0 * Rows));
        b0.Store(scores + (0 * Rows) + Lanes);
        a1.Store(scores + (1 * Rows));
        b1.Store(scores + (1 * Rows) + Lanes);
    }
}
