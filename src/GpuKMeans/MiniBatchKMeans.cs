using System.Diagnostics;
using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>
/// Mini-batch k-means: centres are running means of all the rows they were given, a batch at a time.
/// </summary>
/// <remarks>
/// <para>
/// After each batch, a centre that was given rows of weight n and mean x̄ moves by N ← N + n, c ← c + (n / N)·(x̄ − c).
/// Sculley, "Web-scale k-means clustering", 2010. A step costs O(b·K·D) for a batch of b rows.
/// </para>
/// <para>
/// <see cref="Fit"/> chooses the first centres on a sample, moves them to the means of a larger one and puts misplaced ones
/// right (<see cref="KMeansOptions.SampleIterations"/>), runs the mini-batches, and ends with a few of Lloyd's iterations over all
/// rows (<see cref="KMeansOptions.FinalIterations"/>), after which centres and counts are those of the clusters. Memory
/// besides the data: 16 bytes a row, 4·D bytes for each of 64·K sampled rows, and some 30 bytes a value of the centres;
/// 4 bytes a row with <see cref="KMeansOptions.FinalIterations"/> 0.
/// </para>
/// <para>
/// The same seed, data, options and device give the same bits, whatever the number of threads and wherever the data lie.
/// An instance is used by one thread at a time.
/// </para>
/// </remarks>
public sealed partial class MiniBatchKMeans : KMeansEstimator, IDisposable
{
    // Enough rows that k-means++ finds most clusters, few enough that choosing costs less than training.
    private const int SeedRowsPerCluster = 20;
    private const int SampleRowsPerCluster = 64;

    private KMeansEngine? _engine;
    private MiniBatchTraining? _training;
    private int _dimension;

    /// <summary>Makes an estimator.</summary>
    /// <param name="options">What to cluster into and how.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it and the range.</exception>
    public MiniBatchKMeans(KMeansOptions options)
        : base(options)
    {
    }

    /// <summary>Makes an estimator with the default options but for the number of clusters.</summary>
    public MiniBatchKMeans(int clusterCount)
        : this(new KMeansOptions { ClusterCount = clusterCount })
    {
    }

    /// <inheritdoc/>
    public override bool IsFitted => _training is not null || base.IsFitted;

    /// <summary>Fits centres to rows, forgetting what was fitted before.</summary>
    /// <param name="data">N rows of D values, at least as many as clusters, all finite.</param>
    /// <param name="weights">One weight a row, finite and not negative; or empty for weights of 1. A row of weight w counts as w rows.</param>
    /// <param name="progress">Is told how far it has come, after every few steps.</param>
    /// <param name="cancellationToken">Stops the fit; the estimator stays as it was.</param>
    /// <returns>This estimator.</returns>
    /// <exception cref="ArgumentException">Rows or weights are unfit; the message names the place.</exception>
    public MiniBatchKMeans Fit(
        VectorSource data,
        ReadOnlyMemory<float> weights = default,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        CheckLabelCount(data);
        FitResult result = FitInMemory(data, weights, FitClock.Over(progress), cancellationToken);
        EndPartialFit();
        Set(result);
        return this;
    }

    /// <summary>Fits centres to rows and returns the cluster of each: <see cref="Fit"/>, then <see cref="KMeansEstimator.Labels"/>.</summary>
    /// <inheritdoc cref="Fit" path="/param|/exception"/>
    /// <returns>N labels, from 0.</returns>
    /// <exception cref="InvalidOperationException"><see cref="KMeansOptions.ComputeLabels"/> is false.</exception>
    public int[] FitPredict(
        VectorSource data,
        ReadOnlyMemory<float> weights = default,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        int[] labels = Fit(data, weights, progress, cancellationToken).LabelArray;
        return [.. labels];
    }

    /// <summary>Moves the centres by one batch: all rows given are one step. The first batch also gives the first centres.</summary>
    /// <param name="batch">Rows of D values, all finite; on the first call at least as many as clusters.</param>
    /// <param name="weights">One weight a row, or empty for weights of 1.</param>
    /// <returns>This estimator, which has no labels until it is fitted or asked to predict.</returns>
    /// <remarks>After <see cref="Fit"/> this goes on from the fitted centres and counts. A call that fails changes nothing.</remarks>
    /// <exception cref="ArgumentException">Rows or weights are unfit; the message names the place.</exception>
    public MiniBatchKMeans PartialFit(VectorSource batch, ReadOnlyMemory<float> weights = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (IsFitted && batch.Dimension != Dimension)
        {
            throw KMeansErrors.DimensionMismatch(batch.Dimension, Dimension);
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch.Count, Array.MaxLength, nameof(batch));
        RowFrame frame = FrameOf(Examine(batch, weights, enoughRows: !IsFitted, CancellationToken.None));
        if (batch.Count == 0)
        {
            return this;
        }

        bool first = _training is null;
        try
        {
            if (first)
            {
                StartPartialFit(batch, weights, frame);
            }

            using EngineData rows = _engine!.Load(batch, weights, _training!.Frame);
            _training.Step(rows, weights);
        }
        catch
        {
            if (first)
            {
                EndPartialFit();
            }

            throw;
        }

        Set(null);
        return this;
    }

    /// <summary>Releases what <see cref="PartialFit"/> keeps on the device. The model stays usable.</summary>
    public void Dispose()
    {
        if (_training is not null)
        {
            Set(Result);
            EndPartialFit();
        }
    }

    private FitResult FitInMemory(
        VectorSource data, ReadOnlyMemory<float> weights, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        progress?.Report(new FitProgress(FitPhase.Checking, 0, 0, 0, data.Count, double.NaN));
        RowSummary summary = Examine(data, weights, enoughRows: true, cancellationToken);
        TimeSpan checkTime = Stopwatch.GetElapsedTime(start);

        using KMeansEngine engine = CreateEngine(data);
        Checkpoint? checkpoint = Checkpoint.For(
            Options, nameof(MiniBatchKMeans), engine.Device, data.Count, data.Count, summary, weights.Span);
        start = Stopwatch.GetTimestamp();
        MiniBatchTraining training = Start(engine, data, weights, summary, checkpoint, progress, cancellationToken);
        TimeSpan initializationTime = Stopwatch.GetElapsedTime(start);

        start = Stopwatch.GetTimestamp();
        using (EngineData rows = engine.Load(data, weights, training.Frame))
        {
            training.Run(rows, weights, progress, cancellationToken);
            training.Refine(rows, progress, cancellationToken);
        }

        FitReport report = training.Report with
        {
            RowCount = data.Count,
            Engine = engine.Name,
            CheckTime = checkTime,
            InitializationTime = initializationTime,
            TrainingTime = Stopwatch.GetElapsedTime(start),
        };
        KMeansModel model = Snapshot(engine, data.Dimension);
        double[] means = Means(engine, data.Dimension);
        FitResult result = Finish(model, data, weights, report, progress, cancellationToken);
        checkpoint?.Delete();
        return result with { Means = means };
    }

    /// <summary>Makes the training, at its beginning or where a checkpoint left it.</summary>
    private MiniBatchTraining Start(
        KMeansEngine engine,
        VectorSource sample,
        ReadOnlyMemory<float> weights,
        RowSummary summary,
        Checkpoint? checkpoint,
        IProgress<FitProgress>? progress,
        CancellationToken cancellationToken,
        bool stops = true)
    {
        RowFrame frame = FrameOf(summary);
        double tolerance = ToleranceOf(summary);
        KMeansOptions options = stops ? Options : Options with { MaxIterations = 1, MaxNoImprovement = null };
        var training = new MiniBatchTraining(engine, options, stops ? tolerance : -1) { Frame = frame, Checkpoint = checkpoint };
        if (checkpoint?.Load() is { } state)
        {
            training.Restore(state);
            return training;
        }

        progress?.Report(new FitProgress(FitPhase.Initializing, 0, 0, 0, sample.Count, double.NaN));
        Initialize(engine, sample, weights, frame, cancellationToken);
        MoveToSampleMeans(engine, sample, weights, frame, tolerance, cancellationToken);
        training.SaveIfDue();
        return training;
    }

    // The rows among which first centres are chosen, and those to whose means they are moved.
    // k-means‖ reads more rows in the time, and needs more than 20 a cluster to choose among.
    private long SeedRows => Options.InitializationSampleSize ?? SampleOf(
        Options.Initialization is KMeansInitialization.ParallelInitialization ? SampleRowsPerCluster : SeedRowsPerCluster);

    private long SampleRows => Options.SampleIterations == 0 ? 0 : SampleOf(SampleRowsPerCluster);

    private long SampleOf(int rowsPerCluster) => Math.Max(3L * Options.BatchSize, (long)rowsPerCluster * Options.ClusterCount);

    private int Dimension => _training is not null ? _dimension : Model.Dimension;

    private protected override FitResult Result
    {
        get
        {
            if (_training is not null && !base.IsFitted)
            {
                FitReport report = _training.Report with { Engine = _engine!.Name };
                Set(new FitResult(Snapshot(_engine, _dimension), report, "PartialFit does not label; call Predict")
                {
                    Means = Means(_engine, _dimension),
                });
            }

            return base.Result;
        }
    }

    private void StartPartialFit(VectorSource batch, ReadOnlyMemory<float> weights, RowFrame frame)
    {
        KMeansEngine engine = CreateEngine(batch);
        try
        {
            if (base.IsFitted)
            {
                engine.SetCenters(KMeansModel.Flat(ClusterCenters), ClusterCounts, frame);
                engine.SetMeans(Result.Means);
            }
            else
            {
                Initialize(engine, batch, weights, frame, CancellationToken.None);
            }
        }
        catch
        {
            engine.Dispose();
            throw;
        }

        _engine = engine;
        _dimension = batch.Dimension;
        _training = new MiniBatchTraining(engine, Options, tolerance: 0) { Frame = frame };
    }

    private double[] Means(KMeansEngine engine, int dimension)
    {
        double[] means = new double[Options.ClusterCount * dimension];
        engine.GetMeans(means);
        return means;
    }

    private void EndPartialFit()
    {
        _engine?.Dispose();
        (_engine, _training) = (null, null);
    }

    private void Initialize(
        KMeansEngine engine, VectorSource data, ReadOnlyMemory<float> weights, RowFrame frame, CancellationToken cancellationToken)
    {
        (VectorSource sample, ReadOnlyMemory<float> sampleWeights) = Initializer.Sample(data, weights, SeedRows, Options.Seed);
        var initializer = new Initializer(engine, Options, frame);
        double[] counts = new double[Options.ClusterCount];
        float[]? best = null;
        double least = double.PositiveInfinity;
        for (int attempt = 0; attempt < Options.Attempts; attempt++)
        {
            float[] centers = initializer.Choose(sample, sampleWeights, attempt, cancellationToken);
            if (Options.Attempts == 1)
            {
                best = centers;
                break;
            }

            engine.SetCenters(centers, counts, frame);
            using EngineData rows = engine.Load(sample, sampleWeights, frame);
            int[] labels = new int[sample.Count];
            double inertia = engine.Assign(rows, 0, labels, new float[sample.Count]);
            if (inertia < least || best is null)
            {
                (best, least) = (centers, inertia);
            }
        }

        engine.SetCenters(best, counts, frame);
    }

    /// <summary>
    /// A few of Lloyd's iterations on a sample, and swaps of misplaced centres. They cost little, and the first batches then move centres that have a
    /// weight, by little, rather than replace what was chosen with care by the mean of a few rows.
    /// </summary>
    private void MoveToSampleMeans(
        KMeansEngine engine,
        VectorSource data,
        ReadOnlyMemory<float> weights,
        RowFrame frame,
        double tolerance,
        CancellationToken cancellationToken)
    {
        if (Options.SampleIterations == 0)
        {
            return;
        }

        (VectorSource sample, ReadOnlyMemory<float> sampleWeights) = Initializer.Sample(data, weights, SampleRows, Options.Seed);
        using EngineData rows = engine.Load(sample, sampleWeights, frame);
        for (int i = 0; i < Options.SampleIterations; i++)
        {
            LloydStatistics pass = engine.Accumulate(rows, cancellationToken);
            if (engine.MoveCenters(rows, out _) <= tolerance || pass.Changed == 0)
            {
                break;
            }
        }

        new CenterSwaps(engine, frame, sample, sampleWeights, Options.ClusterCount).Run(rows, cancellationToken);
    }
}
