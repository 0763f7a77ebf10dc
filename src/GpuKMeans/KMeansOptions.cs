namespace GpuKMeans;

/// <summary>What to cluster into and how. Immutable; checked when a <see cref="MiniBatchKMeans"/> or <see cref="KMeans"/> is made.</summary>
public sealed record KMeansOptions
{
    /// <summary>For <see cref="InitializationSampleSize"/>: all rows.</summary>
    public const long AllRows = long.MaxValue;

    /// <summary>The number of clusters, K: 1 or more. Default 8.</summary>
    public int ClusterCount { get; init; } = 8;

    /// <summary>Rows a mini-batch step: 1 or more. Default 1024. Larger batches give better centres and cost more a step.</summary>
    public int BatchSize { get; init; } = 1024;

    /// <summary>The most passes over the data: 1 or more. Default 100.</summary>
    public int MaxIterations { get; init; } = 100;

    /// <summary>
    /// <see cref="MiniBatchKMeans"/> moves the first centres to the means of a sample, of 64 rows a cluster and at least three
    /// batches, by at most this many of Lloyd's iterations: 0 or more. Default 10. Then centres that share a cloud of rows are
    /// put where another lies between two, as long as that lowers the sample's inertia (split and merge: k-means++ misses a
    /// few clouds of many, and neither batches nor Lloyd's iterations find them again). The rows of the sample count as given,
    /// so that the first batches do not throw the first centres away. With 0 there is none of this, and batches begin with
    /// centres that count nothing.
    /// </summary>
    public int SampleIterations { get; init; } = 10;

    /// <summary>
    /// <see cref="MiniBatchKMeans"/> ends with at most this many of Lloyd's iterations over all rows: 0 or more. Default 2.
    /// Each costs one pass, as labelling does, and brings the centres near to what <see cref="KMeans"/> would reach; with 0
    /// they are left as the mini-batches made them.
    /// </summary>
    public int FinalIterations { get; init; } = 2;

    /// <summary>
    /// Training stops when the sum of the squared distances that the centres moved in a step (<see cref="KMeans"/>: in a
    /// pass) is at most this times the mean variance of the columns: 0 or more. Default 1e-4; 0 asks for no movement at all.
    /// </summary>
    public double Tolerance { get; init; } = 1e-4;

    /// <summary>
    /// <see cref="MiniBatchKMeans"/> stops when the smoothed inertia has not improved for this many steps: 1 or more, or
    /// null for no such stop. Default 10.
    /// </summary>
    public int? MaxNoImprovement { get; init; } = 10;

    /// <summary>
    /// <see cref="MiniBatchKMeans"/> moves a centre to a random row of the batch when it has been given less than this
    /// share of what the fullest centre has been given: 0 (never) to 1. Default 0.01.
    /// </summary>
    public double ReassignmentRatio { get; init; } = 0.01;

    /// <summary>How the first centres are chosen. Default <see cref="KMeansInitialization.PlusPlus"/>.</summary>
    public KMeansInitialization Initialization { get; init; } = KMeansInitialization.PlusPlus;

    /// <summary>
    /// The number of rows, drawn at random, among which the first centres are chosen: at least <see cref="ClusterCount"/>,
    /// or <see cref="AllRows"/>. Default null: for <see cref="KMeans"/> all rows; for <see cref="MiniBatchKMeans"/> 20 rows a
    /// cluster, 64 for <see cref="KMeansInitialization.Parallel"/>, and at least three batches.
    /// </summary>
    public long? InitializationSampleSize { get; init; }

    /// <summary>
    /// How many times first centres are chosen; the choice of least inertia (on the sample for
    /// <see cref="MiniBatchKMeans"/>; after training for <see cref="KMeans"/>) is kept. Default 1.
    /// </summary>
    public int InitializationCount { get; init; } = 1;

    /// <summary>
    /// The seed of all that is random. Default 0. The same seed, data, options and device give the same bits, whatever the
    /// number of threads and wherever the data lie.
    /// </summary>
    public int Seed { get; init; }

    /// <summary>Where to compute. Default <see cref="Device.Auto"/>.</summary>
    public Device Device { get; init; } = Device.Auto;

    /// <summary>What "near" means. Default <see cref="Metric.Euclidean"/>.</summary>
    public Metric Metric { get; init; } = Metric.Euclidean;

    /// <summary>
    /// What the nearest centres are looked for in. Default <see cref="Precision.Auto"/>; <see cref="Precision.Float32"/> asks
    /// for float32 instead of half precision. Results are the same: it is a question of time alone.
    /// </summary>
    public Precision Precision { get; init; } = Precision.Auto;

    /// <summary>The most threads the CPU engine uses: 1 or more, or −1 for one a core. Default −1.</summary>
    public int MaxDegreeOfParallelism { get; init; } = -1;

    /// <summary>
    /// A file in which fitting keeps how far it has come, or null for none. Default null. Where the file is there already,
    /// fitting goes on from it, to the same bits as if it had never been stopped; when fitting has ended it is removed. One
    /// that another fit has left, by its data, options or device, is refused. It is replaced as a whole, so that it can be
    /// used whenever a fit was stopped, cancelled or killed. Size: some 12 bytes a value of the centres.
    /// </summary>
    public string? CheckpointPath { get; init; }

    /// <summary>
    /// The least time from one writing of <see cref="CheckpointPath"/> to the next: 0 or more. Default a minute. With 0 it
    /// is written after every few steps.
    /// </summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether fitting ends with a pass that labels all rows and takes their inertia. Default true.</summary>
    public bool ComputeLabels { get; init; } = true;

    // Given centres are the same each time.
    internal int Attempts => Initialization is KMeansInitialization.GivenInitialization ? 1 : InitializationCount;

    internal KMeansOptions Validated()
    {
        Require(ClusterCount >= 1, nameof(ClusterCount), ClusterCount, "at least 1");
        Require(BatchSize >= 1, nameof(BatchSize), BatchSize, "at least 1");
        Require(MaxIterations >= 1, nameof(MaxIterations), MaxIterations, "at least 1");
        Require(SampleIterations >= 0, nameof(SampleIterations), SampleIterations, "at least 0");
        Require(FinalIterations >= 0, nameof(FinalIterations), FinalIterations, "at least 0");
        Require(Tolerance >= 0 && double.IsFinite(Tolerance), nameof(Tolerance), Tolerance, "a finite number of at least 0");
        Require(MaxNoImprovement is null or >= 1, nameof(MaxNoImprovement), MaxNoImprovement, "at least 1, or null");
        Require(ReassignmentRatio is >= 0 and <= 1, nameof(ReassignmentRatio), ReassignmentRatio, "from 0 to 1");
        Require(Initialization is not null, nameof(Initialization), Initialization, "PlusPlus, Parallel, RandomRows or FromCenters(…)");
        Require(
            InitializationSampleSize is null || InitializationSampleSize >= ClusterCount,
            nameof(InitializationSampleSize),
            InitializationSampleSize,
            $"at least ClusterCount ({ClusterCount}), AllRows, or null");
        Require(InitializationCount >= 1, nameof(InitializationCount), InitializationCount, "at least 1");
        Require(Enum.IsDefined(Metric), nameof(Metric), Metric, "Euclidean or Cosine");
        Require(Enum.IsDefined(Precision), nameof(Precision), Precision, "Auto or Float32");
        Require(
            MaxDegreeOfParallelism is -1 or >= 1, nameof(MaxDegreeOfParallelism), MaxDegreeOfParallelism, "at least 1, or −1");

        Require(CheckpointPath is not "", nameof(CheckpointPath), CheckpointPath, "the name of a file, or null");
        Require(CheckpointInterval >= TimeSpan.Zero, nameof(CheckpointInterval), CheckpointInterval, "at least 0");

        if (Initialization is KMeansInitialization.GivenInitialization { Centers: var centers })
        {
            CheckCenters(centers);
        }

        return this;
    }

    private void CheckCenters(float[,] centers)
    {
        (int rows, int columns) = (centers.GetLength(0), centers.GetLength(1));
        if (rows != ClusterCount || columns == 0)
        {
            throw KMeansErrors.CentersShape(rows, columns, ClusterCount, null);
        }

        for (int i = 0; i < rows; i++)
        {
            double squares = 0;
            for (int j = 0; j < columns; j++)
            {
                squares += (double)centers[i, j] * centers[i, j];
                if (!float.IsFinite(centers[i, j]))
                {
                    throw KMeansErrors.CenterNotFinite(i, j, centers[i, j]);
                }
            }

            if (squares > RowCheck.LargestSquaredNorm)
            {
                throw KMeansErrors.CenterTooLarge(i);
            }

            if (squares == 0 && Metric == Metric.Cosine)
            {
                throw KMeansErrors.CenterIsZero(i);
            }
        }
    }

    private static void Require(bool met, string option, object? value, string allowed)
    {
        if (!met)
        {
            throw KMeansErrors.OutOfRange(option, value, allowed);
        }
    }
}
