using GpuKMeans.Engines.Cpu;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Engines.Torch;

/// <content>The centres: setting, reading and moving them.</content>
internal sealed partial class TorchEngine
{
    private Centers? _centers;
    private RowFrame? _frame;

    private int Clusters => _centers!.Clusters;

    private int Dimension => _centers!.Dimension;

    public override void SetCenters(ReadOnlySpan<float> centers, ReadOnlySpan<double> counts, RowFrame frame)
    {
        int dimension = frame.Dimension, clusters = centers.Length / dimension;
        float[] values = centers.ToArray();
        for (int k = 0; k < clusters && frame.Normalize; k++)
        {
            UnitLength.Scale(values.AsSpan(k * dimension, dimension), k);
        }

        if (_centers is null || _centers.Clusters != clusters || _centers.Dimension != dimension)
        {
            ReleaseCenters();
            _centers = new Centers(clusters, dimension, _device, _exact);
        }

        _frame = frame;
        _accumulated = false;
        _centers.Set(values, counts, frame.Origin.Span);
    }

    public override void GetCenters(Span<float> centers) => HostMemory.Download(_centers!.Values, centers);

    public override void GetCounts(Span<double> counts) => HostMemory.Download(_centers!.Counts, counts);

    public override void GetMeans(Span<double> means) => HostMemory.Download(_centers!.Means, means);

    public override void SetMeans(ReadOnlySpan<double> means)
    {
        using Tensor values = HostMemory.Upload(means, torch.ScalarType.Float64, _exact, Clusters, Dimension);
        _centers!.Means.copy_(values);
    }

    public override void Reseed(EngineData data, ReadOnlySpan<int> clusters, ReadOnlySpan<long> rows, double count)
    {
        if (clusters.IsEmpty)
        {
            return;
        }

        using var scope = torch.NewDisposeScope();
        long[] numbers = [.. clusters.ToArray()];
        Tensor places = HostMemory.Upload<long>(numbers, torch.ScalarType.Int64, _exact, numbers.Length);
        Tensor chosen = HostMemory.Upload(rows, torch.ScalarType.Int64, _device, rows.Length);
        Tensor values = ((TorchData)data).Rows.index_select(0, chosen).to(_exact);
        _centers!.Values.index_copy_(0, places, values);
        _centers.Means.index_copy_(0, places, values.to(torch.ScalarType.Float64));
        _centers.Counts.index_fill_(0, places, count);
        _centers.Changed();
    }

    /// <summary>Moves the centres that were given rows: to the means of these, or to the running means of all they were given.</summary>
    /// <returns>The sum of the squared distances they moved, on the device.</returns>
    private Tensor Move(bool toMeans)
    {
        Tensor given = _centers!.Given, moved = given.gt(0);
        Tensor batchMeans = _centers.Sums / torch.where(moved, given, _centers.One).unsqueeze(1);
        Tensor column = moved.unsqueeze(1);
        if (toMeans)
        {
            _centers.Counts.copy_(given);
            _centers.Means.copy_(torch.where(column, batchMeans, _centers.Means));
        }
        else
        {
            // c + (n / N)·(x̄ − c)
            _centers.Counts.add_(given);
            Tensor rate = given / torch.where(moved, _centers.Counts, _centers.One);
            Tensor means = _centers.Means.addcmul(rate.unsqueeze(1), batchMeans - _centers.Means, s_one);
            _centers.Means.copy_(torch.where(column, means, _centers.Means));
        }

        Tensor wanted = _centers.Means;
        if (_frame!.Normalize)
        {
            // Rows that cancel out have no mean direction: the centre stays.
            Tensor norms = (wanted * wanted).sum(1, keepdim: true).sqrt();
            column &= norms.gt(0);
            wanted = wanted / torch.where(norms.gt(0), norms, _centers.One);
        }

        Tensor rounded = torch.where(column, wanted.to(torch.ScalarType.Float32), _centers.Values);
        Tensor shifts = rounded.to(torch.ScalarType.Float64) - _centers.Exact;
        _centers.Values.copy_(rounded);
        _centers.Changed();
        return (shifts * shifts).sum();
    }

    private void ReleaseCenters()
    {
        _centers?.Dispose();
        _centers = null;
    }
}
