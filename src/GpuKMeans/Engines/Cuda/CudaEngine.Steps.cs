namespace GpuKMeans.Engines.Cuda;

/// <content>Mini-batch steps.</content>
internal sealed partial class CudaEngine
{
    // Rows that are streamed for several steps at once: threads that fetch them are started less often. Where the GPU picks rows out
    // of host memory by itself, the fewer pauses the better.
    private const int GroupBytes = 8 << 20;
    private const int PickedGroupBytes = 32 << 20;

    public override void RunSteps(EngineData data, RowOrder order, long position, int batchSize, Span<StepStatistics> steps)
    {
        if (steps.IsEmpty)
        {
            return;
        }

        using Operation operation = Begin();
        _accumulated = false;
        var source = (CudaData)data;
        int most = PartRows(data.Dimension);
        long batchBytes = batchSize * (long)data.Dimension * sizeof(float);
        int group = source.IsResident ? 1 : (int)Math.Clamp(
            (source.HostOnDevice != 0 ? PickedGroupBytes : GroupBytes) / batchBytes, 1, Math.Max(1, most / batchSize));
        int results = steps.Length;
        MakeRoom(() =>
        {
            _work.Results.Reserve(results);
            _work.BlockTotals.Reserve(2 * Blocks(batchSize, 1024));
            ReserveSums(Math.Min(batchSize, most), most);
        });
        Expect(source);
        long place = position;
        for (int i = 0; i < steps.Length;)
        {
            int count = Math.Min(group, steps.Length - i);
            long rows = Math.Min(count * (long)batchSize, order.Count - place);
            if (rows > most)
            {
                StepInParts(source, order, place, rows, place - position, i);
            }
            else
            {
                foreach (Rows part in Parts(source, order, place, rows, most, place - position))
                {
                    for (int s = 0, first = 0; s < count; s++, first += batchSize)
                    {
                        Rows batch = Slice(part, first, (int)Math.Min(batchSize, rows - first));
                        Step(batch with { Before = 0 }, place - position + first, i + s);
                    }
                }
            }

            i += count;
            place += rows;
        }

        TotalLastStep();

        // What follows steps may be a pass over all rows, for which centres are rounded by a scale that fits them.
        MeasureCenters();
        Span<Total> totals = ReadBack<Total>(_work.Results.Pointer, steps.Length);
        ThrowIfBad(source, order, position, totals[^1].BadRow);
        operation.Complete();
        for (int i = 0; i < steps.Length; i++)
        {
            steps[i] = new StepStatistics(totals[i].Inertia, totals[i].Weight, totals[i].Shift);
        }
    }

    /// <summary>Queues a step by a batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="before">The places from the first step to the batch, by which a row that cannot be used is named.</param>
    /// <param name="result">The place among the results.</param>
    private void Step(in Rows batch, long before, int result)
    {
        AssignPart(batch with { Before = before });
        MoveBy(batch, result);
    }

    /// <summary>Queues a step by a batch that is too large to be summed at once.</summary>
    private void StepInParts(CudaData data, RowOrder order, long place, long rows, long before, int result)
    {
        TotalLastStep();
        ClearSums();
        foreach (Rows part in Parts(data, order, place, rows, PartRows(data.Dimension), before))
        {
            AssignPart(part with { Before = part.Before + before });
            AddTotals(part, _work.Distances.Pointer, 0);
            AddSums(part, _work.Labels.Pointer, part.Count);
        }

        MoveBySums(toMeans: false);
        PrepareCenters(TotalOf(rows, withShifts: true, result));
    }
}
