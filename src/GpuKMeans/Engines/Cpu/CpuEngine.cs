namespace GpuKMeans.Engines.Cpu;

/// <summary>The engine on the processor: every core, vectors as wide as it has, nothing allocated a step.</summary>
internal sealed unsafe partial class CpuEngine : KMeansEngine
{
    private readonly CpuKernel _kernel;
    private readonly WorkerTeam _team;
    private readonly int? _alwaysHead;
    private readonly bool? _alwaysCoarse;
    private readonly Func<double> _coarseRate;

    private int _clusters;
    private int _dimension;
    private RowFrame? _frame;
    private NativeBuffer<float>? _origin;

    // The centres: running means in float64, and their float32 roundings, which distances are measured to.
    private NativeBuffer<double>? _means;
    private NativeBuffer<float>? _centers;
    private double[] _counts = [];
    private CenterPanels? _panels;
    private ErrorBound _bound;

    /// <summary>Makes an engine without centres.</summary>
    /// <param name="threads">The most threads it uses; −1 for one a core.</param>
    /// <param name="kernel">Its inner loops; null for the machine's best.</param>
    /// <param name="leastShared">Work below this is done by one thread.</param>
    /// <param name="alwaysHead">A head that is taken whether it pays or not, −1 for none; null to choose.</param>
    /// <param name="alwaysCoarse">Whether rows are always scored in 16 bits first where the kernel can, or never; null to choose.</param>
    /// <param name="coarseRate">What a product costs in 16 bits, measured in products of float32; null to time it.</param>
    public CpuEngine(
        int threads = -1,
        CpuKernel? kernel = null,
        double leastShared = WorkerTeam.LeastSharedWork,
        int? alwaysHead = null,
        bool? alwaysCoarse = null,
        double? coarseRate = null)
    {
        (_alwaysHead, _alwaysCoarse) = (alwaysHead, alwaysCoarse);
        _kernel = kernel ?? CpuKernels.Default;
        _coarseRate = () => coarseRate ?? _kernel.CoarseRate;
        _team = new WorkerTeam(threads == -1 ? Environment.ProcessorCount : threads, leastShared);
        _scratch = new Scratch[_team.Threads];
        _assignUnit = AssignUnit;
        _assignListed = AssignListed;
        _coarsenUnit = CoarsenUnit;
        _siftUnit = SiftUnit;
        _settleUnit = SettleUnit;
        _neighborUnit = NeighborUnit;
        _accumulateUnit = AccumulateUnit;
        _addUnit = AddUnit;
        _moveUnit = MoveUnit;
        _packUnit = PackUnit;
        _distanceUnit = DistanceUnit;
    }

    public override Device Device => Device.Cpu;

    public override string Name => $"CPU, {_kernel.Name}, {_team.Threads} thread{(_team.Threads == 1 ? "" : "s")}";

    /// <summary>
    /// The rows whose label a head has told, or the distances between centres, since the centres' number or dimension last changed.
    /// </summary>
    public long DecidedByHeads => _heads?.Decided ?? 0;

    public override EngineData Load(VectorSource rows, ReadOnlyMemory<float> weights, RowFrame frame, bool once = false) =>
        new CpuData(rows, weights, frame);

    public override void SetCenters(ReadOnlySpan<float> centers, ReadOnlySpan<double> counts, RowFrame frame)
    {
        int dimension = frame.Dimension, clusters = centers.Length / dimension;
        if (clusters != _clusters || dimension != _dimension)
        {
            ReleaseCenters();
            (_clusters, _dimension) = (clusters, dimension);
            _origin = new NativeBuffer<float>(dimension);
            _means = new NativeBuffer<double>(clusters * (long)dimension);
            _centers = new NativeBuffer<float>(clusters * (long)dimension);
            int[] heads = HeadColumns(dimension);
            _panels = new CenterPanels(_kernel, clusters, dimension, heads);
            bool mayCoarse = _kernel.HasCoarse && dimension <= CpuKernel.MostCoarseColumns;
            _coarseChoice = new CoarseChoice(_coarseRate, clusters, dimension) { Always = mayCoarse ? _alwaysCoarse : false };
            ScoredCoarse = 0;
            _heads = new HeadChoice(heads, clusters, dimension) { Always = _alwaysHead };
            _neighbors = new CenterNeighbors(clusters);
            _headBounds = new ErrorBound[heads.Length];
            _more = 1 + ((dimension + 64) * 1.2e-7f);
            _counts = new double[clusters];
            (_shifts, _movedWeights) = (new double[clusters], new double[clusters]);
            PlanBlocks();
        }
        else if (_sums is not null)
        {
            ClearSums();
        }

        _frame = frame;
        EndBounds();
        _heads!.Begin();
        _coarseChoice!.Begin();
        _coarseIsFresh = false;
        frame.Origin.Span.CopyTo(new Span<float>(_origin!.Pointer, dimension));
        counts.CopyTo(_counts);
        for (int j = 0; j < clusters; j++)
        {
            PlaceCenter(j, centers.Slice(j * dimension, dimension));
        }

        PackCenters();
    }

    public override void GetCenters(Span<float> centers) =>
        new ReadOnlySpan<float>(_centers!.Pointer, _clusters * _dimension).CopyTo(centers);

    public override void GetCounts(Span<double> counts) => _counts.CopyTo(counts);

    public override void GetMeans(Span<double> means) =>
        new ReadOnlySpan<double>(_means!.Pointer, _clusters * _dimension).CopyTo(means);

    public override void SetMeans(ReadOnlySpan<double> means) =>
        means.CopyTo(new Span<double>(_means!.Pointer, _clusters * _dimension));

    public override void Reseed(EngineData data, ReadOnlySpan<int> clusters, ReadOnlySpan<long> rows, double count)
    {
        EndBounds();
        using var row = new NativeBuffer<float>(_dimension);
        for (int i = 0; i < clusters.Length; i++)
        {
            ((CpuData)data).Copy(rows.Slice(i, 1), row.Pointer);
            PlaceCenter(clusters[i], new ReadOnlySpan<float>(row.Pointer, _dimension));
            _counts[clusters[i]] = count;
        }

        PackCenters();
    }

    public override Seeding StartSeeding(EngineData data) => new CpuSeeding((CpuData)data, _kernel, _team);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            ReleaseCenters();
            ReleaseBlocks();
        }
    }

    private float* Center(int j) => _centers!.Pointer + (j * (long)_dimension);

    private void PlaceCenter(int j, ReadOnlySpan<float> center)
    {
        var values = new Span<float>(Center(j), _dimension);
        center.CopyTo(values);
        if (_frame!.Normalize)
        {
            UnitLength.Scale(values, j);
        }

        double* mean = _means!.Pointer + (j * (long)_dimension);
        for (int d = 0; d < _dimension; d++)
        {
            mean[d] = values[d];
        }
    }

    private void PackCenters()
    {
        _team.Run(_panels!.PanelCount, 16.0 * _clusters * _dimension, _packUnit);
        BoundScores();
    }

    private void BoundScores()
    {
        _neighbors!.Forget();
        _bound = new ErrorBound(_dimension, _kernel.RoundingsPerTerm, _panels!.Longest());
        _coarseIsFresh &= _coarseChoice!.IsTaken;
        if (_coarseIsFresh)
        {
            BoundCoarse();
        }

        BoundHeads();
    }

    private void PackUnit(int panel, int slot)
    {
        _panels!.Set(panel, _centers!.Pointer, _origin!.Pointer);
        KeepCoarse(panel);
    }

    private void ReleaseCenters()
    {
        _coarseIsFresh = false;
        _origin?.Dispose();
        _means?.Dispose();
        _centers?.Dispose();
        _panels?.Dispose();
        _coarse?.Dispose();
        _neighbors?.Dispose();
        _sums?.Dispose();
        _sumWeights?.Dispose();
        (_origin, _means, _centers, _panels, _coarse) = (null, null, null, null, null);
        (_neighbors, _sums, _sumWeights) = (null, null, null);
    }
}
