using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Engines.Torch;

/// <content>Full iterations over all rows.</content>
internal sealed partial class TorchEngine
{
    // Whether the sums hold what was accumulated since the centres last moved.
    private bool _accumulated;

    public override LloydStatistics Accumulate(EngineData data, CancellationToken cancellationToken)
    {
        var source = (TorchData)data;
        source.Labels ??= torch.full(data.Count, -1, torch.ScalarType.Int64, _exact).DetachFromDisposeScope();
        source.Squares ??= torch.empty(data.Count, torch.ScalarType.Float32, _exact).DetachFromDisposeScope();
        if (!_accumulated)
        {
            _centers!.ClearSums();
        }

        _accumulated = false;
        try
        {
            double inertia = 0;
            long changed = 0;
            for (long start = 0; start < data.Count; start += RowsAtOnce)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var scope = torch.NewDisposeScope();
                Part part = PartOf(source, start, Math.Min(RowsAtOnce, data.Count - start));
                long count = part.Rows.shape[0];
                Tensor labels = FindLabels(part), squares = Squares(part, labels);
                AddSums(Exactly(part.Rows), part.Weights, labels);
                inertia += Weighted(squares, part.Weights).sum().item<double>();
                Tensor before = source.Labels.narrow(0, start, count);
                changed += labels.ne(before).sum().item<long>();
                before.copy_(labels);
                source.Squares.narrow(0, start, count).copy_(squares.to(torch.ScalarType.Float32));
            }

            _accumulated = true;
            return new LloydStatistics(inertia, changed);
        }
        catch
        {
            // Labels of part of the rows are no labels of the pass before.
            source.ForgetLabels();
            throw;
        }
    }

    public override double MoveCenters(EngineData data, out int relocated)
    {
        using var scope = torch.NewDisposeScope();
        double[] weights = new double[Clusters];
        HostMemory.Download<double>(_centers!.Given, weights);
        relocated = FillEmptyClusters((TorchData)data, weights);
        _accumulated = false;
        return Move(toMeans: true).item<double>();
    }

    public override void GetLabels(EngineData data, long start, Span<int> labels)
    {
        using var scope = torch.NewDisposeScope();
        HostMemory.Download(((TorchData)data).Labels!.narrow(0, start, labels.Length).to(torch.ScalarType.Int32), labels);
    }

    private int FillEmptyClusters(TorchData data, double[] weights)
    {
        int[] empty = [.. Enumerable.Range(0, weights.Length).Where(k => weights[k] <= 0)];
        if (empty.Length == 0)
        {
            return 0;
        }

        // Farthest first; of rows equally far the lowest, for the sort is stable.
        (Tensor squares, Tensor rows) = data.Squares!.sort(descending: true, stable: true);
        int filled = 0;
        const int Part = 1024;
        for (long start = 0; start < data.Count; start += Part)
        {
            int count = (int)Math.Min(Part, data.Count - start);
            float[] distances = new float[count];
            long[] numbers = new long[count];
            HostMemory.Download<float>(squares.narrow(0, start, count), distances);
            HostMemory.Download<long>(rows.narrow(0, start, count), numbers);
            for (int i = 0; i < count; i++)
            {
                if (filled == empty.Length || !(distances[i] > 0))
                {
                    return filled;
                }

                filled += Relocate(data, numbers[i], empty[filled], weights) ? 1 : 0;
            }
        }

        return filled;
    }

    /// <summary>Gives a row to an empty cluster, unless it weighs nothing or the cluster that has it would be emptied.</summary>
    private bool Relocate(TorchData data, long row, int cluster, double[] weights)
    {
        double weight = data.HostWeights.IsEmpty ? 1 : data.HostWeights[(int)row];
        int donor = (int)data.Labels!.narrow(0, row, 1).item<long>();
        if (weight <= 0 || weights[donor] <= weight * (1 + 1e-9))
        {
            return false;
        }

        Tensor share = Exactly(data.Rows.narrow(0, row, 1)) * weight;
        _centers!.Sums.narrow(0, donor, 1).sub_(share);
        _centers.Sums.narrow(0, cluster, 1).copy_(share);
        weights[donor] -= weight;
        weights[cluster] = weight;
        _centers.Given.narrow(0, donor, 1).sub_(weight);
        _centers.Given.narrow(0, cluster, 1).fill_(weight);
        return true;
    }
}
