using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuKMeans.Engines.Cpu;

/// <content>Scores of a single row.</content>
internal sealed unsafe partial class Vector128Kernel
{
    // A lane is a centre here. Sums are made chunk by chunk as for tiles, so that the same bound holds.
    public override void ScoreRow(float* row, CenterPanels panels, int firstPanel, int endPanel, float* scores)
    {
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            int width = panels.Width(panel);
            for (int part = 0; part < width; part += Lanes)
            {
                float* place = scores + panels.FirstCenter(panel) + part;
                ScorePanel(row, panels.Starts(panel) + part, panels.Lines(panel) + part, panels.Dimension, width, place);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScorePanel(float* row, float* start, float* lines, int dimension, int width, float* scores)
    {
        Vector128<float> a = Vector128.Load(start), sum = Vector128<float>.Zero;
        for (int column = 0; column < dimension; column += ChunkColumns)
        {
            int end = Math.Min(column + ChunkColumns, dimension);
            for (int d = column; d < end; d++, lines += width)
            {
                a = Vector128.MultiplyAddEstimate(Vector128.Create(row[d]), Vector128.Load(lines), a);
            }

            sum += a;
            a = Vector128<float>.Zero;
        }

        sum.Store(scores);
    }
}
