using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>Scores of a single row.</content>
internal sealed unsafe partial class Vector512Kernel
{
    // A lane is a centre here; lanes beyond the panel hold what follows it and are written over by the next. Sums are
    // made chunk by chunk as for tiles, so that the same bound holds.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void ScoreRow(float* row, CenterPanels panels, int firstPanel, int endPanel, float* scores)
    {
        int panel = firstPanel, dimension = panels.Dimension;
        for (; panel + 4 <= Math.Min(endPanel, panels.WidePanels); panel += 4)
        {
            float* p = panels.Lines(panel), q = panels.Lines(panel + 1), r = panels.Lines(panel + 2), s = panels.Lines(panel + 3);
            float* start = panels.Starts(panel);
            Vector512<float> a = Vector512.Load(start), b = Vector512.Load(start + Wide);
            Vector512<float> c = Vector512.Load(start + (2 * Wide)), e = Vector512.Load(start + (3 * Wide));
            Vector512<float> sumA = Vector512<float>.Zero, sumB = sumA, sumC = sumA, sumE = sumA;
            for (int column = 0; column < dimension; column += ChunkColumns)
            {
                int end = Math.Min(column + ChunkColumns, dimension);
                for (int d = column; d < end; d++)
                {
                    Vector512<float> x = Vector512.Create(row[d]);
                    long line = d * (long)Wide;
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

        for (; panel < endPanel; panel++)
        {
            ScorePanel(
                row, panels.Starts(panel), panels.Lines(panel), dimension, panels.Width(panel), scores + panels.FirstCenter(panel));
        }
    }

    // Four sums, for one alone would wait for itself.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScorePanel(float* row, float* start, float* lines, int dimension, int width, float* scores)
    {
        Vector512<float> a = Vector512.Load(start), b = Vector512<float>.Zero, c = b, e = b, sum = b;
        for (int column = 0; column < dimension; column += ChunkColumns)
        {
            int end = Math.Min(column + ChunkColumns, dimension), d = column;
            for (; d + 4 <= end; d += 4, lines += 4 * width)
            {
                a = Vector512.FusedMultiplyAdd(Vector512.Create(row[d]), Vector512.Load(lines), a);
                b = Vector512.FusedMultiplyAdd(Vector512.Create(row[d + 1]), Vector512.Load(lines + width), b);
                c = Vector512.FusedMultiplyAdd(Vector512.Create(row[d + 2]), Vector512.Load(lines + (2 * width)), c);
                e = Vector512.FusedMultiplyAdd(Vector512.Create(row[d + 3]), Vector512.Load(lines + (3 * width)), e);
            }

            for (; d < end; d++, lines += width)
            {
                a = Vector512.FusedMultiplyAdd(Vector512.Create(row[d]), Vector512.Load(lines), a);
            }

            sum += (a + b) + (c + e);
            a = b = c = e = Vector512<float>.Zero;
        }

        sum.Store(scores);
    }
}
