using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <content>Full iterations over all rows.</content>
internal sealed partial class CudaEngine
{
    // Whether the sums hold what was accumulated since the centres last moved.
    private bool _accumulated;

    public override LloydStatistics Accumulate(EngineData data, CancellationToken cancellationToken)
    {
        using Operation operation = Begin();
        var source = (CudaData)data;
        bool again = source.Labels.Pointer != 0, accumulated = _accumulated;
        _accumulated = false;
        try
        {
            MakeRoom(() =>
            {
                source.Distances.Reserve(data.Count);
                source.Labels.Reserve(data.Count);
                _work.BlockTotals.Reserve(Blocks(data.Count, 1024));
                _work.Sums.Reserve(_centers.Size);
                _work.SumWeights.Reserve(_centers.Count);
                ReserveParts(source);
            });
            if (!again)
            {
                _stream.Fill(source.Labels.Pointer, uint.MaxValue, data.Count);
            }

            if (!accumulated)
            {
                ClearSums();
            }

            Expect(source);
            AccumulateParts(source, cancellationToken);
            Total total = FinishTotals(data.Count);
            ThrowIfBad(source, RowOrder.Sequential(data.Count), 0, total.BadRow);
            _accumulated = true;
            operation.Complete();
            return new LloydStatistics(total.Inertia, total.Changed);
        }
        catch
        {
            // Labels of part of the rows are no labels of the pass before.
            source.Labels.Dispose();
            throw;
        }
    }

    public override double MoveCenters(EngineData data, out int relocated)
    {
        using Operation operation = Begin();
        _accumulated = false;
        double[] weights = ReadBack<double>(_work.SumWeights.Pointer, _centers.Count).ToArray();
        relocated = FillEmptyClusters((CudaData)data, weights);
        MoveBySums(toMeans: true);
        PrepareCenters(TotalOf(0, withShifts: true, 0));
        double shift = ReadBack<Total>(_work.Results.Pointer, 1)[0].Shift;
        operation.Complete();
        return shift;
    }

    public override void GetLabels(EngineData data, long start, Span<int> labels)
    {
        using Operation operation = Enter();
        _stream.Download(labels, ((CudaData)data).Labels.At(start));
        _stream.Synchronize();
    }

    /// <summary>
    /// Queues the labelling of all rows. Labels stay on the GPU, where <see cref="GetLabels"/> reads them: for work that goes
    /// on with them there, and to time it.
    /// </summary>
    public void Label(EngineData data)
    {
        using Operation operation = Begin();
        var source = (CudaData)data;
        source.Labels.Reserve(data.Count);
        Expect(source);
        foreach (Rows part in Parts(source, RowOrder.Sequential(data.Count), 0, data.Count, AssignRows(source, data.Count)))
        {
            foreach (Rows _ in AssignInPieces(part, measures: false, source.Labels.At(part.Before)))
            {
            }
        }

        // Nobody waits for what was found: it is not for the next operation to report.
        ForgetBadRow();
        operation.Complete();
    }

    /// <summary>Waits for all that is queued.</summary>
    public void Wait()
    {
        using Operation operation = Enter();
        _stream.Synchronize();
    }

    private void AccumulateParts(CudaData data, CancellationToken cancellationToken)
    {
        RowOrder order = RowOrder.Sequential(data.Count);
        foreach (Rows part in Parts(data, order, 0, data.Count, AssignRows(data, data.Count)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (Rows piece in AssignInPieces(part, distances: data.Distances.At(part.Before)))
            {
                AddTotals(piece, data.Distances.At(piece.Before), data.Labels.At(piece.Before));
            }

            if (!data.IsResident)
            {
                AddSums(part, data.Labels.At(part.Before), part.Count);
            }
        }

        // The same parts are summed wherever the rows are, so that sums are the same bits.
        int partRows = PartRows(data.Dimension), most = PartsTogether(partRows) * partRows;
        for (long start = 0; data.IsResident && start < data.Count; start += most)
        {
            int count = (int)Math.Min(most, data.Count - start);
            AddSums(ResidentPart(data, order, start, count), data.Labels.At(start), partRows);
        }
    }

    private int FillEmptyClusters(CudaData data, double[] weights)
    {
        int[] empty = [.. Enumerable.Range(0, weights.Length).Where(k => weights[k] <= 0)];
        if (empty.Length == 0)
        {
            return 0;
        }

        int filled = 0, looked = 0;

        // A row may have to be passed over, so more may have to be looked at: each time twice as many.
        for (int count = empty.Length; filled < empty.Length; count *= 2)
        {
            long[] rows = FindFarthest(data, count);
            int[] donors = LabelsOf(data, rows);
            for (; looked < rows.Length && filled < empty.Length; looked++)
            {
                filled += Relocate(data, rows[looked], donors[looked], empty[filled], weights) ? 1 : 0;
            }

            if (rows.Length < count)
            {
                break;
            }
        }

        return filled;
    }

    /// <summary>Gives a row to an empty cluster, unless the cluster that has it would be emptied.</summary>
    private bool Relocate(CudaData data, long row, int donor, int cluster, double[] weights)
    {
        double weight = data.IsWeighted ? data.Weights[(int)row] : 1;
        if (weights[donor] <= weight * (1 + 1e-9))
        {
            return false;
        }

        _stream.Launch(Kernel.RelocateRow, 1, 128, new RelocateArgs
        {
            Values = data.IsResident ? data.Rows.At(row * data.Dimension) : Listed(data, [row]).Values,
            Sums = _work.Sums.Pointer,
            Weights = _work.SumWeights.Pointer,
            Weight = weight,
            From = donor,
            To = cluster,
            Dimension = data.Dimension,
        });
        weights[donor] -= weight;
        weights[cluster] = weight;
        return true;
    }

    /// <summary>The labels of rows that lie anywhere: all by one wait.</summary>
    private int[] LabelsOf(CudaData data, long[] rows)
    {
        if (rows.Length == 0)
        {
            return [];
        }

        ulong index = _work.ListedIndex.Reserve(rows.Length), labels = _work.PlacesA.Reserve(rows.Length);
        _stream.Upload<long>(index, rows);
        _stream.Launch(Kernel.GatherRows, Blocks(rows.Length, 32), 256, new GatherArgs
        {
            Rows = new Rows { Values = data.Labels.Pointer, Index = index, Dimension = 1, Count = rows.Length },
            Values = labels,
        });
        return ReadBack<int>(labels, rows.Length).ToArray();
    }

    /// <summary>The rows farthest from their centres, farthest first, none at distance 0 or of weight 0.</summary>
    private long[] FindFarthest(CudaData data, int most)
    {
        var farthest = new FarthestRows(most, data.Count);
        for (long start = 0; start < data.Count; start += MostPartRows)
        {
            int count = (int)Math.Min(MostPartRows, data.Count - start);
            farthest.Add(
                ReadBack<float>(data.Distances.At(start), count), data.IsWeighted ? data.Weights.Slice((int)start, count) : default);
        }

        return farthest.InOrder();
    }
}
