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
            Clusters clusters = default;
            if (batch > most)
            {
                ClearSums();
            }

            foreach (Rows part in Parts(source, order, place, batch, most))
            {
                // Only the part knows its place in the batch; errors count from the first step.
                Rows rows = part;
                AssignPart(rows with { Before = rows.Before + place - position });
                AddTotals(rows, 0);
                Clusters sums = SumPart(rows, _work.Labels.Pointer);
                if (batch > most)
                {
                    AddSums(sums);
                }
                else
                {
                    clusters = sums;
                }
            }

            Move(clusters, toMeans: false);
            QueueTotal(batch, withShifts: true, i);
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
