namespace GpuKMeans.Engines.Cuda;

/// <content>Mini-batch steps.</content>
internal sealed partial class CudaEngine
{
    public override void RunSteps(EngineData data, RowOrder order, long position, int batchSize, Span<StepStatistics> steps)
    {
        if (steps.IsEmpty)
        {
            return;
        }

        _context.MakeCurrent();
        _accumulated = false;
        var source = (CudaData)data;
        int most = PartRows(data.Dimension);
        _work.Results.Reserve(steps.Length);
        _work.BlockTotals.Reserve(Blocks(batchSize, 1024));
        long place = position;
        for (int i = 0; i < steps.Length; i++)
        {
            int batch = (int)Math.Min(batchSize, order.Count - place);
            bool inParts = batch > most;
            if (inParts)
            {
                ClearSums();
            }

            foreach (Rows part in Parts(source, order, place, batch, most))
            {
                // Only the part knows its place in the batch; errors count from the first step.
                Rows rows = part;
                AssignPart(rows with { Before = rows.Before + place - position });
                if (inParts)
                {
                    AddTotals(rows, 0);
                    AddSums(rows, _work.Labels.Pointer);
                }
                else
                {
                    MoveBy(rows);
                }
            }

            if (inParts)
            {
                MoveBySums(toMeans: false);
            }

            PrepareCenters(TotalOf(batch, withShifts: true, i));
            place += batch;
        }

        Span<Total> totals = ReadBack<Total>(_work.Results.Pointer, steps.Length);
        ThrowIfBad(source, order, position, totals[^1].BadRow);
        for (int i = 0; i < steps.Length; i++)
        {
            steps[i] = new StepStatistics(totals[i].Inertia, totals[i].Weight, totals[i].Shift);
        }
    }
}
