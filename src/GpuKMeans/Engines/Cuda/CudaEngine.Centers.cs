using GpuKMeans.Engines.Cpu;
using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <content>The centres: setting, reading and moving them.</content>
internal sealed partial class CudaEngine
{
    private readonly CenterBuffers _centers;
    private RowFrame? _frame;

    public override void SetCenters(ReadOnlySpan<float> centers, ReadOnlySpan<double> counts, RowFrame frame)
    {
        using Operation operation = Begin();
        int dimension = frame.Dimension, clusters = centers.Length / dimension;
        float[] values = centers.ToArray();
        double[] means = new double[values.Length];
        for (int k = 0; k < clusters && frame.Normalize; k++)
        {
            UnitLength.Scale(values.AsSpan(k * dimension, dimension), k);
        }

        for (int i = 0; i < values.Length; i++)
        {
            means[i] = values[i];
        }

        _stream.Synchronize();
        _accumulated = false;
        _frame = frame;
        AssignPlan plan = Precision == Precision.Float32
            ? AssignPlan.InFloat32(dimension)
            : AssignPlan.For(_context, dimension, clusters, UseHopper, UseFew);
        try
        {
            MakeRoom(() =>
            {
                _work.Finished.Reserve(clusters);
                _centers.Reserve(clusters, dimension, plan.Tiles);
            });
        }
        catch
        {
            // Without room for them there are no centres.
            _centers.Forget();
            throw;
        }

        _plan = plan;
        _stream.Fill(_work.Finished.Pointer, 0, clusters);
        _stream.Upload<float>(_centers.Values.Pointer, values);
        _stream.Upload<double>(_centers.Means.Pointer, means);
        _stream.Upload(_centers.Counts.Pointer, counts);
        _stream.Upload(_centers.Origin.Pointer, frame.Origin.Span);
        MeasureCenters();
        _stream.Synchronize();
        operation.Complete();
    }

    public override void GetCenters(Span<float> centers)
    {
        using Operation operation = Enter();
        _stream.Download(centers, _centers.Values.Pointer);
        _stream.Synchronize();
    }

    public override void GetCounts(Span<double> counts)
    {
        using Operation operation = Enter();
        _stream.Download(counts, _centers.Counts.Pointer);
        _stream.Synchronize();
    }

    public override void GetMeans(Span<double> means)
    {
        using Operation operation = Enter();
        _stream.Download(means, _centers.Means.Pointer);
        _stream.Synchronize();
    }

    public override void SetMeans(ReadOnlySpan<double> means)
    {
        using Operation operation = Enter();
        _stream.Upload(_centers.Means.Pointer, means);
        _stream.Synchronize();
    }

    public override void Reseed(EngineData data, ReadOnlySpan<int> clusters, ReadOnlySpan<long> rows, double count)
    {
        if (clusters.IsEmpty)
        {
            return;
        }

        using Operation operation = Begin();
        Rows listed = Listed((CudaData)data, rows);
        ulong list = _work.PlacesA.Reserve(clusters.Length);
        _stream.Upload(list, clusters);
        _stream.Launch(Kernel.ReseedCenters, clusters.Length, 128, new ReseedArgs
        {
            Rows = listed,
            Clusters = list,
            Means = _centers.Means.Pointer,
            Values = _centers.Values.Pointer,
            Counts = _centers.Counts.Pointer,
            Count = count,
        });
        MeasureCenters();
        _stream.Synchronize();
        operation.Complete();
    }

    /// <summary>Sees to it that the fast pass leaves out no centres that are no longer than most of these rows.</summary>
    private void Expect(CudaData data)
    {
        // Where none are rounded there is none to leave out.
        if (_centers.PaddedCount > 0 && data.RowLengths != _centers.RowLengths)
        {
            _centers.RowLengths = data.RowLengths;
            MeasureCenters();
        }
    }

    /// <summary>Finds the centres' scale and which of them are equal, after they were set, and rounds them, where they are rounded.</summary>
    private void MeasureCenters()
    {
        if (_plan!.Assign.Kernel == Kernel.AssignFloat32)
        {
            // It asks for neither.
            return;
        }

        _centers.KnowsTwins = true;
        _centers.ClearMeasured(_stream);
        _stream.Launch(Kernel.MeasureCenters, _centers.Count, 128, new CenterArgs
        {
            Values = _centers.Values.Pointer,
            Origin = _centers.Origin.Pointer,
            Lengths = _centers.Lengths,
            Table = _centers.Table,
            Slots = _centers.Slots.Pointer,
            SlotsLessOne = _centers.Places - 1,
            Count = _centers.Count,
            Dimension = _centers.Dimension,
        });
        PrepareCenters(default);
    }

    /// <summary>Rounds the centres by their scale.</summary>
    /// <param name="total">What is totalled beside it; default for nothing.</param>
    private void PrepareCenters(in FinalTotalArgs total)
    {
        int centers = Math.Max(_centers.PaddedCount, _centers.KnowsTwins ? _centers.Count : 0);
        long blocks = Blocks(centers, 4);
        _stream.Launch(Kernel.PrepareCenters, blocks + (total.Result == 0 ? 0 : 1), 128, new PrepareArgs
        {
            Rounding = _centers.Rounding,
            Total = total,
            Centers = (int)blocks * 4,
        });
    }

    /// <summary>Moves the centres by the sums over all parts.</summary>
    /// <param name="toMeans">To the means of these rows, or to the running means of all they were given.</param>
    private void MoveBySums(bool toMeans)
    {
        _centers.KnowsTwins = false;
        _centers.ClearExtremes(_stream);
        _stream.Launch(Kernel.MoveCenters, _centers.Count, 128, new MoveArgs
        {
            Sums = _work.Sums.Pointer,
            Weights = _work.SumWeights.Pointer,
            Moves = Moves(toMeans),
            Lengths = _centers.Lengths,
        });
    }

    private Moves Moves(bool toMeans) => new()
    {
        Means = _centers.Means.Pointer,
        Counts = _centers.Counts.Pointer,
        Shifts = _centers.Shifts.Pointer,
        Values = _centers.Values.Pointer,
        Origin = _centers.Origin.Pointer,
        Dimension = _centers.Dimension,
        Normalize = _frame!.Normalize ? 1 : 0,
        ToMeans = toMeans ? 1 : 0,
    };
}
