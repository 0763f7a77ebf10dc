using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Engines.Torch;

/// <content>
/// Mini-batch steps. Where the engine does not wait and a step is not large, all are queued, and the host reads their figures at
/// the end.
/// </content>
internal sealed partial class TorchEngine
{
    // Products of a part up to which measuring all of it in float64 is no slower than to wait for what float32 leaves undecided.
    private const long MostMeasured = 1L << 29;

    public override void RunSteps(EngineData data, RowOrder order, long position, int batchSize, Span<StepStatistics> steps)
    {
        if (steps.IsEmpty)
        {
            return;
        }

        using var scope = torch.NewDisposeScope();
        var source = (TorchData)data;
        _accumulated = false;
        int total = (int)Math.Min(batchSize * (long)steps.Length, order.Count - position);
        Tensor? index = order.IsSequential ? null : Index(order, position, total);
        Tensor figures = torch.zeros(steps.Length, 3, torch.ScalarType.Float64, _exact);
        for (int i = 0; i < steps.Length; i++)
        {
            using var inner = torch.NewDisposeScope();
            int first = i * batchSize, batch = Math.Min(batchSize, total - first);
            Tensor figure = figures.select(0, i);
            _centers!.ClearSums();
            for (int done = 0; done < batch; done += RowsAtOnce)
            {
                int start = first + done, count = Math.Min(RowsAtOnce, batch - done);
                Part part = index is null
                    ? PartOf(source, position + start, count)
                    : Gather(source, order, position + start, index.narrow(0, start, count));
                figure.select(0, 0).add_(AddPart(part));
            }

            figure.select(0, 1).copy_(_centers.Given.sum());
            figure.select(0, 2).copy_(Move(toMeans: false));
        }

        double[] all = new double[3 * steps.Length];
        HostMemory.Download<double>(figures, all);
        for (int i = 0; i < steps.Length; i++)
        {
            steps[i] = new StepStatistics(all[3 * i], all[(3 * i) + 1], all[(3 * i) + 2]);
            if (!double.IsFinite(steps[i].Inertia))
            {
                RefuseFirst(source, order, position + (i * (long)batchSize), Math.Min(batchSize, total - (i * batchSize)));
            }
        }
    }

    private Tensor Index(RowOrder order, long position, int count)
    {
        long[] rows = new long[count];
        order.CopyTo(position, rows);
        return HostMemory.Upload<long>(rows, torch.ScalarType.Int64, _device, count);
    }

    private Part Gather(TorchData data, RowOrder order, long position, Tensor index) => new(
        data, data.Rows.index_select(0, index), data.Weights?.index_select(0, index.to(_exact)), order, position);

    /// <summary>Assigns rows and adds them to the sums of their clusters.</summary>
    /// <returns>Their inertia, on the device.</returns>
    private Tensor AddPart(in Part part)
    {
        if (_waits || part.Rows.shape[0] * Clusters * Dimension > MostMeasured)
        {
            Tensor labels = FindLabels(part);
            AddSums(Exactly(part.Rows), part.Weights, labels);
            return Weighted(Squares(part, labels), part.Weights).sum();
        }

        Tensor rows = Exactly(part.Rows);
        (Tensor distances, Tensor nearest) = Measure(rows, _centers!.Exact).min(1);
        AddSums(rows, part.Weights, nearest);
        return Weighted(distances * distances, part.Weights).sum();
    }

    /// <summary>Adds rows to the sums of their clusters, in an order that does not change.</summary>
    private void AddSums(Tensor rows, Tensor? weights, Tensor labels)
    {
        Centers centers = _centers!;
        if (_exact.type == DeviceType.CPU && _waits)
        {
            centers.Sums.index_add_(0, labels, weights is null ? rows : rows * weights.unsqueeze(1), s_one);
            centers.Given.index_add_(0, labels, weights ?? centers.One.expand(rows.shape[0]), s_one);
            return;
        }

        // On a GPU index_add_ adds in the order in which threads come; a product does not.
        Tensor chosen = labels.unsqueeze(1).eq(centers.Numbers).to(torch.ScalarType.Float64);
        Tensor shares = weights is null ? chosen : chosen * weights.unsqueeze(1);
        centers.Sums.addmm_(shares.t(), rows);
        centers.Given.add_(shares.sum(dim: 0));
    }

    /// <summary>Throws the error for the first row of a stretch that cannot be used.</summary>
    private static void RefuseFirst(TorchData data, RowOrder order, long position, int count)
    {
        float[] row = new float[data.Dimension];
        for (int i = 0; i < count; i++)
        {
            data.Source.Read(order[position + i], row);
            if (!RowCheck.IsFit(row))
            {
                data.Refuse(order[position + i]);
            }
        }
    }
}
