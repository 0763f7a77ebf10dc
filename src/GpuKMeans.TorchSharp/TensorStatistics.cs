using GpuKMeans.Engines.Cpu;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans;

/// <summary><see cref="RowStatistics"/> of rows on another device than the CPU, taken there.</summary>
internal sealed class TensorStatistics(TensorVectors source, ReadOnlyMemory<float> weights, bool normalize)
{
    private const int ValuesAtOnce = 1 << 23;

    private readonly torch.Device _exact = source.Rows.device_type == DeviceType.MPS ? torch.CPU : source.Rows.device;

    /// <summary>Checks the rows, and takes the weighted mean and variance of the columns.</summary>
    /// <exception cref="ArgumentException">A row or a weight is unfit; the message names the row.</exception>
    public RowSummary Summarize(CancellationToken cancellationToken)
    {
        (double total, long positive) = CheckWeights();
        int dimension = source.Dimension;
        using var scope = torch.NewDisposeScope();
        Tensor sums = torch.zeros(2, dimension, torch.ScalarType.Float64, _exact);
        long most = Math.Max(1, ValuesAtOnce / dimension);
        long parts = (source.Count + most - 1) / most;
        Tensor unfit = torch.zeros(parts, torch.ScalarType.Bool, source.Rows.device);
        Tensor? pivot = null;
        for (long part = 0; part < parts; part++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var inner = torch.NewDisposeScope();
            long start = part * most, count = Math.Min(most, source.Count - start);
            Tensor rows = source.Rows.narrow(0, start, count);
            Tensor bad = (rows * rows).sum(1).le(RowCheck.LargestSquaredNorm).logical_not();
            unfit.select(0, part).copy_(bad.any());
            if (normalize)
            {
                ThrowIfUnfit(bad, start);
                rows = UnitRows.Of(rows, _exact, source, start);
            }

            Tensor values = rows.to(_exact).to(torch.ScalarType.Float64);
            pivot ??= values.select(0, 0).clone().MoveToOuterDisposeScope();
            Tensor differences = values - pivot, weighted = differences;
            if (!weights.IsEmpty)
            {
                weighted = differences * HostMemory.Upload(
                    weights.Span.Slice((int)start, (int)count), torch.ScalarType.Float32, _exact, count).to(torch.ScalarType.Float64).unsqueeze(1);
            }

            sums.select(0, 0).add_(weighted.sum(dim: 0));
            sums.select(0, 1).add_((weighted * differences).sum(dim: 0));
        }

        if (parts > 0 && unfit.any().item<bool>())
        {
            long part = unfit.to(torch.ScalarType.Float32).argmax().item<long>(), start = part * most;
            Tensor rows = source.Rows.narrow(0, start, Math.Min(most, source.Count - start));
            ThrowIfUnfit((rows * rows).sum(1).le(RowCheck.LargestSquaredNorm).logical_not(), start);
        }

        return Finish(sums, pivot, total, positive);
    }

    private static RowSummary Finish(Tensor sums, Tensor? pivot, double weight, long positive)
    {
        int dimension = (int)sums.shape[1];
        double[] values = new double[2 * dimension], origin = new double[dimension];
        HostMemory.Download<double>(sums, values);
        if (pivot is not null)
        {
            HostMemory.Download<double>(pivot, origin);
        }

        float[] means = new float[dimension];
        double variance = 0;
        for (int d = 0; d < dimension && weight > 0; d++)
        {
            double mean = values[d] / weight;
            means[d] = (float)(origin[d] + mean);
            variance += Math.Max(0, (values[dimension + d] / weight) - (mean * mean));
        }

        return new RowSummary(means, variance / dimension, positive);
    }

    private (double Total, long Positive) CheckWeights()
    {
        if (weights.IsEmpty)
        {
            return (source.Count, source.Count);
        }

        if (weights.Length != source.Count)
        {
            throw KMeansErrors.WeightCount(weights.Length, source.Count);
        }

        double total = 0;
        long positive = 0;
        ReadOnlySpan<float> values = weights.Span;
        for (int row = 0; row < values.Length; row++)
        {
            float weight = values[row];
            if (!(weight >= 0) || !float.IsFinite(weight))
            {
                throw KMeansErrors.BadWeight(row, weight);
            }

            total += weight;
            positive += weight > 0 ? 1 : 0;
        }

        return (total, positive);
    }

    private void ThrowIfUnfit(Tensor unfit, long first)
    {
        if (!unfit.any().item<bool>())
        {
            return;
        }

        long number = first + unfit.to(torch.ScalarType.Float32).argmax().item<long>();
        float[] row = new float[source.Dimension];
        source.Read(number, row);
        RowCheck.ThrowNotFinite(row, number);
    }
}
