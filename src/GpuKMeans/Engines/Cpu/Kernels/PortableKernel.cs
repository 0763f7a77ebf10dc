namespace GpuKMeans.Engines.Cpu;

/// <summary>One row, one centre at a time: what the other kernels are tested against.</summary>
internal sealed unsafe class PortableKernel : CpuKernel
{
    public override string Name => "portable";

    public override int TileRows => 1;

    public override int PanelWidth => 1;

    public override int TailWidth => 1;

    public override int RoundingsPerTerm => 2;

    public override void Pack(float** rows, int dimension, float* origin, float* tile)
    {
        for (int d = 0; d < dimension; d++)
        {
            tile[d] = rows[0][d] - origin[d];
        }
    }

    public override void Assign(float* tile, CenterPanels panels, int firstPanel, int endPanel, TileState state)
    {
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            float score = Score(tile, panels, panel);
            if (score > *state.Best)
            {
                *state.Second = *state.Best;
                *state.Best = score;
                *state.Index = panel;
            }
            else if (score > *state.Second)
            {
                *state.Second = score;
            }
        }
    }

    public override uint Decide(float* tile, int dimension, in ErrorBound bound, TileState state)
    {
        float squaredNorm = 0;
        for (int d = 0; d < dimension; d++)
        {
            squaredNorm += tile[d] * tile[d];
        }

        *state.Threshold = *state.Best - bound.Margin(squaredNorm, *state.Best);
        *state.Lower = bound.LeastDistance(squaredNorm, *state.Second);

        // Not "second >= threshold": what is not a number is not certain.
        return *state.Second < *state.Threshold ? 0u : 1u;
    }

    public override void ScoreRow(float* row, CenterPanels panels, float* scores)
    {
        for (int panel = 0; panel < panels.PanelCount; panel++)
        {
            scores[panel] = Score(row, panels, panel);
        }
    }

    public override void SquaredDistances(float* tile, CenterPanels panels, float* distances, int stride)
    {
        for (int panel = 0; panel < panels.PanelCount; panel++)
        {
            float* line = panels.Panel(panel);
            float sum = 0;
            for (int d = 0; d < panels.Dimension; d++)
            {
                float difference = tile[d] - line[d + 1];
                sum = MathF.FusedMultiplyAdd(difference, difference, sum);
            }

            distances[panel * (long)stride] = sum;
        }
    }

    private static float Score(float* row, CenterPanels panels, int panel)
    {
        float* line = panels.Panel(panel);
        float score = 0, part = *line;
        for (int d = 0; d < panels.Dimension; d++)
        {
            part += row[d] * line[d + 1];
            if ((d + 1) % ChunkColumns == 0)
            {
                score += part;
                part = 0;
            }
        }

        return score + part;
    }
}
