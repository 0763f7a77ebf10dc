namespace GpuKMeans.Engines.Cpu;

/// <summary>One row, one centre at a time: what the other kernels are tested against.</summary>
internal sealed unsafe class PortableKernel : CpuKernel
{
    public override string Name => "portable";

    public override int TileRows => 1;

    public override int PanelWidth => 1;

    public override int TailWidth => 1;

    public override int RoundingsPerTerm => 2;

    public override void Pack(float** rows, int dimension, float* origin, float* tile, float* squares)
    {
        *squares = 0;
        for (int d = 0; d < dimension; d++)
        {
            tile[d] = rows[0][d] - origin[d];
            *squares += tile[d] * tile[d];
        }
    }

    public override uint Decide(in ErrorBound bound, in TileState state, bool lower)
    {
        *state.Threshold = *state.Best - bound.Margin(*state.Squares, *state.Best);
        if (lower)
        {
            *state.Lower = bound.LeastDistance(*state.Squares, *state.Second);
        }

        // Not "second >= threshold": what is not a number is not certain.
        return *state.Second < *state.Threshold ? 0u : 1u;
    }

    public override void ScoreRow(float* row, CenterPanels panels, int firstPanel, int endPanel, float* scores)
    {
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            scores[panel] = Score(row, panels, panel);
        }
    }

    protected override void AssignPanel(
        float* tile, float* start, float* lines, int dimension, int width, int center, in TileState state)
    {
        float score = *start;
        for (int d = 0; d < dimension; d++)
        {
            score += tile[d] * lines[d];
        }

        Fold(&score, center, 1, state);
    }

    protected override void ScoreChunk(
        float* tile, float* start, float* lines, int columns, int width, bool first, float* scores)
    {
        float part = *start;
        for (int d = 0; d < columns; d++)
        {
            part += tile[d] * lines[d];
        }

        *scores = first ? part : *scores + part;
    }

    public override void Fold(float* scores, int center, int count, in TileState state)
    {
        for (int j = 0; j < count; j++)
        {
            float score = scores[j];
            if (score > *state.Best)
            {
                *state.Second = *state.Best;
                *state.Best = score;
                *state.Index = center + j;
            }
            else if (score > *state.Second)
            {
                *state.Second = score;
            }
        }
    }

    public override void Reaching(float* scores, int count, float* thresholds, uint* masks)
    {
        for (int j = 0; j < count; j++)
        {
            masks[j] = scores[j] < *thresholds ? 0u : 1u;
        }
    }

    protected override void DistancesToPanel(
        float* tile, float* lines, int dimension, int width, float* distances, int stride, bool past, ref LinesAhead ahead)
    {
        float sum = 0;
        for (int d = 0; d < dimension; d++)
        {
            float difference = tile[d] - lines[d];
            sum = MathF.FusedMultiplyAdd(difference, difference, sum);
        }

        *distances = sum;
    }

    private static float Score(float* row, CenterPanels panels, int panel)
    {
        float* line = panels.Lines(panel);
        float score = 0, part = *panels.Starts(panel);
        for (int d = 0; d < panels.Dimension; d++)
        {
            part += row[d] * line[d];
            if ((d + 1) % ChunkColumns == 0)
            {
                score += part;
                part = 0;
            }
        }

        return score + part;
    }
}
