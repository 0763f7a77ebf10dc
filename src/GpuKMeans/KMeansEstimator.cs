using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>What <see cref="MiniBatchKMeans"/> and <see cref="KMeans"/> share: the results, and placing rows by them.</summary>
/// <remarks>Used by one thread at a time; <see cref="Model"/> is what to share between threads.</remarks>
public abstract class KMeansEstimator
{
    private protected KMeansEstimator(KMeansOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options.Validated();
    }

    private FitResult? _result;

    /// <summary>The options given.</summary>
    public KMeansOptions Options { get; }

    /// <summary>Whether there is a model yet.</summary>
    public virtual bool IsFitted => _result is not null;

    /// <summary>The fitted centres as an immutable model, which can be shared and saved.</summary>
    /// <exception cref="InvalidOperationException">Nothing is fitted yet.</exception>
    public KMeansModel Model => Result.Model;

    /// <summary>The centres, K×D (under cosine, of unit length). A copy.</summary>
    /// <exception cref="InvalidOperationException">Nothing is fitted yet.</exception>
    public float[,] ClusterCenters => Model.ClusterCenters;

    /// <summary>
    /// The weight of the rows each centre is the mean of: its cluster's, after Lloyd's iterations; else of all it was given.
    /// A copy.
    /// </summary>
    /// <exception cref="InvalidOperationException">Nothing is fitted yet.</exception>
    public double[] ClusterCounts => Model.ClusterCounts;

    /// <summary>The cluster of each row of the data last fitted.</summary>
    /// <exception cref="InvalidOperationException">
    /// Nothing is fitted yet, or no labels were computed: <see cref="KMeansOptions.ComputeLabels"/> is false, or the last
    /// call was <see cref="MiniBatchKMeans.PartialFit"/>.
    /// </exception>
    public ImmutableArray<int> Labels => ImmutableCollectionsMarshal.AsImmutableArray(LabelArray);

    /// <summary>
    /// The sum of weight × squared distance from each row of the data last fitted to its centre, from direct differences,
    /// in float64.
    /// </summary>
    /// <exception cref="InvalidOperationException">As for <see cref="Labels"/>.</exception>
    public double Inertia => Result.Inertia ?? throw KMeansErrors.NoLabels(Result.WhyNoLabels);

    /// <summary>What happened in training.</summary>
    /// <exception cref="InvalidOperationException">Nothing is fitted yet.</exception>
    public FitReport Report => Result.Report;

    private protected int[] LabelArray => Result.Labels ?? throw KMeansErrors.NoLabels(Result.WhyNoLabels);

    private protected virtual FitResult Result => _result ?? throw KMeansErrors.NotFitted();

    /// <inheritdoc cref="KMeansModel.Predict(VectorSource, CancellationToken)"/>
    public int[] Predict(VectorSource data, CancellationToken cancellationToken = default) =>
        Model.Predict(data, cancellationToken);

    /// <inheritdoc cref="KMeansModel.Transform"/>
    public float[,] Transform(VectorSource data, CancellationToken cancellationToken = default) =>
        Model.Transform(data, cancellationToken);

    /// <inheritdoc cref="KMeansModel.Score"/>
    public double Score(VectorSource data, ReadOnlyMemory<float> weights = default, CancellationToken cancellationToken = default) =>
        Model.Score(data, weights, cancellationToken);

    // Passes over the data that a fit takes, counting the first centres' choice, training and labels.
    private const double PassesOfAFit = 8;

    /// <summary>Makes the engine for training on so many rows.</summary>
    private protected KMeansEngine CreateEngine(long rows, int dimension, VectorSource? source = null)
    {
        double products = PassesOfAFit * rows * Options.ClusterCount * dimension;
        int threads = Options.MaxDegreeOfParallelism;
        Device device = EngineFactory.Choose(Options.Device, threads, products, source);
        return EngineFactory.Create(device, threads, Options.Precision, source);
    }

    /// <summary>Makes the engine for training on these rows.</summary>
    private protected KMeansEngine CreateEngine(VectorSource rows) => CreateEngine(rows.Count, rows.Dimension, rows);

    private protected void Set(FitResult? result) => _result = result;

    /// <summary>Checks data and takes what training needs to know of them.</summary>
    private protected RowSummary Examine(
        VectorSource data, ReadOnlyMemory<float> weights, bool enoughRows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(data);
        CheckShape(enoughRows ? data.Count : null, data.Dimension);
        RowSummary summary = data.Summarize(weights, IsCosine, Options.MaxDegreeOfParallelism, cancellationToken);
        return !enoughRows || summary.PositiveRows >= Options.ClusterCount
            ? summary
            : throw KMeansErrors.TooFewWeightedRows(summary.PositiveRows, Options.ClusterCount);
    }

    private protected bool IsCosine => Options.Metric == Metric.Cosine;

    private protected RowFrame FrameOf(RowSummary summary) => new(summary.Mean, IsCosine);

    private protected double ToleranceOf(RowSummary summary) => Options.Tolerance * summary.MeanVariance;

    /// <summary>Refuses fewer rows than clusters, where their number is given, and centres that no array holds.</summary>
    private protected void CheckShape(long? rows, int dimension)
    {
        if (rows < Options.ClusterCount)
        {
            throw KMeansErrors.TooFewRows(rows.Value, Options.ClusterCount);
        }

        if ((long)Options.ClusterCount * dimension > Array.MaxLength)
        {
            throw KMeansErrors.CentersTooLarge(Options.ClusterCount, dimension);
        }
    }

    /// <summary>Makes the model of an engine's centres.</summary>
    private protected KMeansModel Snapshot(KMeansEngine engine, int dimension)
    {
        float[] centers = new float[Options.ClusterCount * dimension];
        double[] counts = new double[Options.ClusterCount];
        engine.GetCenters(centers);
        engine.GetCounts(counts);
        return new KMeansModel(
            centers, counts, dimension, Options.Metric, Options.Device, Options.MaxDegreeOfParallelism, Options.Precision);
    }

    /// <summary>Ends a fit: labels and inertia of all rows, where they are wanted.</summary>
    private protected FitResult Finish(
        KMeansModel model,
        VectorSource data,
        ReadOnlyMemory<float> weights,
        FitReport report,
        IProgress<FitProgress>? progress,
        CancellationToken cancellationToken)
    {
        if (!Options.ComputeLabels)
        {
            return Unlabeled(model, report, "ComputeLabels is false");
        }

        long start = Stopwatch.GetTimestamp();
        int[] labels = GC.AllocateUninitializedArray<int>((int)data.Count);
        double inertia = model.Assign(data, weights, labels, wantInertia: true, progress, cancellationToken);
        return Labeled(model, report with { LabelingTime = Stopwatch.GetElapsedTime(start) }, labels, inertia);
    }

    // Without labels, a cluster is as good as empty that was never given a row.
    private protected static FitResult Unlabeled(KMeansModel model, FitReport report, string why) =>
        new(model, report with { EmptyClusters = model.ClusterCounts.Count(count => count <= 0) }, why);

    private protected static FitResult Labeled(KMeansModel model, FitReport report, int[] labels, double inertia)
    {
        bool[] used = new bool[model.ClusterCount];
        foreach (int label in labels)
        {
            used[label] = true;
        }

        return new FitResult(model, report with { EmptyClusters = used.Count(u => !u) }, "")
        {
            Labels = labels,
            Inertia = inertia,
        };
    }

    private protected void CheckLabelCount(VectorSource data)
    {
        if (Options.ComputeLabels && data.Count > Array.MaxLength)
        {
            throw KMeansErrors.TooManyLabels(data.Count);
        }
    }

    private protected sealed record FitResult(KMeansModel Model, FitReport Report, string WhyNoLabels)
    {
        public int[]? Labels { get; init; }

        public double? Inertia { get; init; }

        /// <summary>The running means behind the centres, from which PartialFit goes on to the bit.</summary>
        public double[]? Means { get; init; }
    }
}
