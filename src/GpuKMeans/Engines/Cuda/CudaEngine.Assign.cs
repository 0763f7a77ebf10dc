using GpuKMeans.Engines.Cuda.Driver;

namespace GpuKMeans.Engines.Cuda;

/// <content>Labels and distances.</content>
internal sealed unsafe partial class CudaEngine
{
    // Of Kernels/assign.cuh.
    private const int MostCandidates = 16;
    private const int UndecidedCounters = 3;

    // Of Kernels/candidates.cu: rounded rows are read in whole tiles.
    private const int TiledRows = 128;

    private const int CandidateParts = 4;       // blocks that look for candidates, for each tile of rows
    private const int DistanceValues = 1 << 26;

    private readonly WorkBuffers _work;
    private int _turn;
    private AssignPlan? _plan;

    public override double Assign(EngineData data, long start, Span<int> labels, Span<float> squaredDistances)
    {
        if (labels.IsEmpty)
        {
            return 0;
        }

        using Operation operation = Begin();
        var source = (CudaData)data;
        RowOrder order = RowOrder.Sequential(data.Count);
        int most = AssignRows(source, labels.Length);
        long blocks = Blocks(labels.Length, 1024);
        Expect(source);
        MakeRoom(() => _work.BlockTotals.Reserve(blocks));
        fixed (int* toLabels = labels)
        fixed (float* toDistances = squaredDistances)
        {
            try
            {
                foreach (Rows part in Parts(source, order, start, labels.Length, most, tapers: true))
                {
                    foreach (Rows piece in AssignInPieces(part))
                    {
                        AddTotals(piece, _work.Distances.Pointer, 0);
                        _results.Take(_stream, piece, _work.Labels.Pointer, _work.Distances.Pointer, toLabels, toDistances);
                    }
                }
            }
            finally
            {
                _results.Finish();
            }
        }

        Total total = FinishTotals(labels.Length);
        ThrowIfBad(source, order, start, total.BadRow);
        operation.Complete();
        return total.Inertia;
    }

    public override void Distances(EngineData data, long start, Span<float> squaredDistances)
    {
        using Operation operation = Begin();
        var source = (CudaData)data;
        int clusters = _centers.Count;
        long count = squaredDistances.Length / clusters;
        int most = (int)Math.Clamp(DistanceValues / clusters, 1, Math.Clamp(count, 1, PartRows(data.Dimension)));
        while (most > 1 && !_work.AllDistances.TryReserve(most * (long)clusters))
        {
            most /= 2;
        }

        foreach (Rows part in Parts(source, RowOrder.Sequential(data.Count), start, count, most))
        {
            ulong distances = _work.AllDistances.Reserve(part.Count * (long)clusters);
            var arguments = new DistancesArgs
            {
                Rows = part,
                Centers = _centers.Values.Pointer,
                Distances = distances,
                Count = clusters,
            };
            _stream.Launch(Kernel.AllDistances, Blocks(clusters, 64), 256, arguments, blocksY: (int)Blocks(part.Count, 64));
            _stream.Download(squaredDistances.Slice((int)part.Before * clusters, part.Count * clusters), distances);
        }

        ThrowIfBad(source, start);
        operation.Complete();
    }

    /// <summary>Finds labels and distances of a part.</summary>
    /// <param name="rows">The part.</param>
    /// <param name="measures">Whether distances are wanted.</param>
    /// <param name="labels">What takes the labels; 0 for the work buffer.</param>
    /// <param name="distances">What takes the distances; 0 for the work buffer.</param>
    private void AssignPart(in Rows rows, bool measures = true, ulong labels = 0, ulong distances = 0)
    {
        AssignPlan plan = _plan!;
        int n = rows.Count;
        AssignKernel assign = AssignsBatches ? plan.AssignFor(n) : plan.Assign;
        int turn = _turn ^ 1;

        // All there is to allocate before anything is queued: what fails then has changed nothing.
        var arguments = new AssignArgs
        {
            Rows = rows,
            Centers = _centers.Arguments,
            Undecided = new Undecided
            {
                Count = _work.UndecidedCounts.At(UndecidedCounters * turn),
                CountNext = _work.UndecidedCounts.At(UndecidedCounters * _turn),
                Places = _work.UndecidedPlaces.Reserve(n),
                Thresholds = _work.Thresholds.Reserve(n),
                CandidateCounts = _work.CandidateCounts.Reserve(n),
                Candidates = _work.Candidates.Reserve(n * (long)MostCandidates),
            },
            Labels = labels != 0 ? labels : _work.Labels.Reserve(n),
            Distances = !measures ? 0 : distances != 0 ? distances : _work.Distances.Reserve(n),
            BadRow = _work.BadRow.Pointer,
            MostScanned = MostScannedValues,
            Stages = assign.Stages,
        };
        if (plan.Candidates is not null)
        {
            arguments.Halves = _work.Halves.Reserve(
                Math.Max(Blocks(n, TiledRows) * TiledRows * _centers.PaddedColumns, assign.BlocksFor(n) * assign.BlockRoom));
            arguments.Scales = _work.Scales.Reserve(n);
        }
        else if (assign.Kernel == Kernel.AssignFloat32)
        {
            arguments.Parts = Float32Parts(n);
            _work.Nearest.Reserve(n * (long)arguments.Parts);
        }

        _turn = turn;
        if (assign.Kernel == Kernel.AssignFloat32)
        {
            AssignInFloat32(arguments);
        }
        else
        {
            Launch(assign, arguments, 1);
        }

        if (AssignsBatches && plan.IsScanned(n, rows.Dimension, _centers.Count))
        {
            _stream.Launch(Kernel.SettleBatch, Math.Min(Blocks(n, 32), _context.Multiprocessors * 2), 256, arguments);
            return;
        }

        if (plan.Candidates is not null)
        {
            _stream.Launch(Kernel.RoundListedRows, Math.Min(Blocks(n, 16), _context.Multiprocessors * 8), 128, arguments);
            arguments.Stages = plan.Candidates.Stages;
            Launch(plan.Candidates, arguments, CandidateParts);
        }

        _stream.Launch(Kernel.SettleRows, Math.Min(Blocks(n, 8), _context.Multiprocessors * 8), 256, arguments);
    }

    private void Launch(AssignKernel kernel, in AssignArgs arguments, int parts) =>
        _stream.Launch(
            kernel.Kernel,
            kernel.BlocksFor(arguments.Rows.Count, parts),
            kernel.Threads,
            arguments,
            sharedBytes: kernel.SharedBytes,
            cluster: kernel.Cluster);

    /// <summary>Sums what was found for a part, block by block.</summary>
    /// <param name="rows">The part.</param>
    /// <param name="distances">Its distances.</param>
    /// <param name="labelsBefore">Where labels are kept and compared with those of before; 0 for neither.</param>
    private void AddTotals(in Rows rows, ulong distances, ulong labelsBefore) =>
        _stream.Launch(Kernel.BlockTotals, Blocks(rows.Count, 1024), 256, TotalsOf(rows, distances, labelsBefore));

    private BlockTotalsArgs TotalsOf(in Rows rows, ulong distances, ulong labelsBefore) => new()
    {
        Rows = rows,
        Distances = distances,
        Labels = labelsBefore == 0 ? 0 : _work.Labels.Pointer,
        LabelsBefore = labelsBefore,
        Totals = _work.BlockTotals.At(rows.Before / 1024),
    };

    /// <summary>What sums up the blocks of so many rows, and the shifts of the centres.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="withShifts">Whether the centres have moved.</param>
    /// <param name="result">The place among the results.</param>
    private FinalTotalArgs TotalOf(long rows, bool withShifts, int result) => new()
    {
        Totals = _work.BlockTotals.Pointer,
        Shifts = withShifts ? _centers.Shifts.Pointer : 0,
        Result = _work.Results.At(result),
        BadRow = _work.BadRow.Pointer,
        Count = Blocks(rows, 1024),
        Centers = _centers.Count,
    };

    private Total FinishTotals(long rows)
    {
        _stream.Launch(Kernel.FinalTotal, 1, 1024, TotalOf(rows, withShifts: false, 0));
        return ReadBack<Total>(_work.Results.Pointer, 1)[0];
    }
}
