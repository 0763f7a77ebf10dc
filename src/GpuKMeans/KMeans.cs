using System.Diagnostics;
using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>Lloyd's k-means: each iteration assigns all rows, then moves every centre to the mean of its rows.</summary>
/// <remarks>
/// <para>
/// Lloyd, "Least squares quantization in PCM", 1982. O(N·K·D) an iteration. A cluster that is left empty takes over the
/// row farthest from its centre. <see cref="KMeansOptions.BatchSize"/>, <see cref="KMeansOptions.MaxNoImprovement"/>,
/// <see cref="KMeansOptions.ReassignmentRatio"/>, <see cref="KMeansOptions.SampleIterations"/> and
/// <see cref="KMeansOptions.FinalIterations"/> are not used. Rows that are certain to keep their cluster are not assigned
/// again (Hamerly, 2010; on the CPU also by the distances between centres: Elkan, 2003), with the same result. Memory
/// besides the data: 16 bytes a row, some 30 bytes a value of the centres, and while the first centres are chosen 4 bytes a
/// row and up to 256 MB more.
/// </para>
/// <para>
/// The same seed, data, options and device give the same bits, whatever the number of threads and wherever the data lie.
/// An instance is used by one thread at a time.
/// </para>
/// </remarks>
public sealed class KMeans : KMeansEstimator
{
    /// <summary>Makes an estimator.</summary>
    /// <param name="options">What to cluster into and how.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it and the range.</exception>
    public KMeans(KMeansOptions options)
        : base(options)
    {
    }

    /// <summary>Makes an estimator with the default options but for the number of clusters.</summary>
    public KMeans(int clusterCount)
        : this(new KMeansOptions { ClusterCount = clusterCount })
    {
    }

    /// <summary>Fits centres to rows, forgetting what was fitted before.</summary>
    /// <inheritdoc cref="MiniBatchKMeans.Fit" path="/param|/exception"/>
    /// <returns>This estimator.</returns>
    public KMeans Fit(
        VectorSource data,
        ReadOnlyMemory<float> weights = default,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        CheckLabelCount(data);
        if (Options is { CheckpointPath: not null, Attempts: > 1 })
        {
            throw KMeansErrors.CheckpointOfAttempts(Options.InitializationCount);
        }

        long start = Stopwatch.GetTimestamp();
        progress = FitClock.Over(progress);
        progress?.Report(new FitProgress(FitPhase.Checking, 0, 0, 0, data.Count, double.NaN));
        RowSummary summary = Examine(data, weights, enoughRows: true, cancellationToken);
        var times = new FitReport { CheckTime = Stopwatch.GetElapsedTime(start) };

        using KMeansEngine engine = CreateEngine(data);
        Checkpoint? checkpoint = Checkpoint.For(Options, nameof(KMeans), engine.Device, data.Count, data.Count, summary, weights.Span);
        FitResult? best = null;
        double least = double.PositiveInfinity;
        for (int attempt = 0; attempt < Options.Attempts; attempt++)
        {
            FitResult result = FitOnce(
                engine, data, weights, summary, checkpoint, attempt, times, progress, cancellationToken, out double inertia);
            if (best is null || inertia < least)
            {
                (best, least) = (result, inertia);
            }
        }

        checkpoint?.Delete();
        Set(best);
        return this;
    }

    /// <summary>Fits centres to rows and returns the cluster of each.</summary>
    /// <inheritdoc cref="MiniBatchKMeans.FitPredict" path="/param|/exception"/>
    /// <returns>N labels, from 0.</returns>
    public int[] FitPredict(
        VectorSource data,
        ReadOnlyMemory<float> weights = default,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        int[] labels = Fit(data, weights, progress, cancellationToken).LabelArray;
        return [.. labels];
    }

    private FitResult FitOnce(
        KMeansEngine engine,
        VectorSource data,
        ReadOnlyMemory<float> weights,
        RowSummary summary,
        Checkpoint? checkpoint,
        int attempt,
        FitReport report,
        IProgress<FitProgress>? progress,
        CancellationToken cancellationToken,
        out double inertia)
    {
        long start = Stopwatch.GetTimestamp();
        progress?.Report(new FitProgress(FitPhase.Initializing, 0, 0, 0, data.Count, double.NaN));
        RowFrame frame = FrameOf(summary);
        double tolerance = ToleranceOf(summary);
        List<double> inertias = [];
        long reseeded = 0;
        if (checkpoint?.Load() is { } saved)
        {
            saved.Restore(engine, frame);
            inertias.AddRange(saved.Inertias);
            reseeded = saved.Reseeded;
        }
        else
        {
            engine.SetCenters(
                Choose(engine, data, weights, frame, attempt, cancellationToken), new double[Options.ClusterCount], frame);
        }

        report = report with { Engine = engine.Name, InitializationTime = Stopwatch.GetElapsedTime(start) };

        start = Stopwatch.GetTimestamp();
        using EngineData rows = engine.Load(data, weights, frame);
        StopReason reason = StopReason.MaxIterations;
        bool labelsAreFinal = false, relocatedBefore = false;
        inertia = double.NaN;
        while (inertias.Count < Options.MaxIterations)
        {
            // Saved only when the pass has not been the last: going on repeats it, and knows again what labels it gave.
            TrainingState? before = checkpoint is not { IsDue: true } ? null
                : new TrainingState { Inertias = [.. inertias], Reseeded = reseeded }.With(engine, Options.ClusterCount, data.Dimension);
            LloydStatistics pass = engine.Accumulate(rows, cancellationToken);
            inertias.Add(inertia = pass.Inertia);
            double shift = engine.MoveCenters(rows, out int relocated);
            reseeded += relocated;
            progress?.Report(new FitProgress(
                FitPhase.Training, inertias.Count, inertias.Count, data.Count, data.Count, double.NaN));

            // The same rows in each cluster as before: the means are the same to the bit, and the labels stand.
            if (pass.Changed == 0 && relocated == 0 && !relocatedBefore)
            {
                (reason, labelsAreFinal) = (StopReason.LabelsUnchanged, true);
                break;
            }

            relocatedBefore = relocated > 0;

            if (shift <= tolerance && relocated == 0)
            {
                reason = StopReason.Tolerance;
                break;
            }

            if (before is not null)
            {
                checkpoint!.Save(before);
            }
        }

        report = report with
        {
            StopReason = reason,
            RowCount = data.Count,
            Iterations = inertias.Count,
            Steps = inertias.Count,
            RowsSeen = inertias.Count * data.Count,
            ReseededCenters = reseeded,
            InertiaPerIteration = [.. inertias],
            TrainingTime = Stopwatch.GetElapsedTime(start),
        };
        KMeansModel model = Snapshot(engine, data.Dimension);
        if (!labelsAreFinal || !Options.ComputeLabels)
        {
            FitResult result = Finish(model, data, weights, report, progress, cancellationToken);
            inertia = result.Inertia ?? inertia;
            return result;
        }

        int[] labels = GC.AllocateUninitializedArray<int>((int)data.Count);
        engine.GetLabels(rows, 0, labels);
        return Labeled(model, report, labels, inertia);
    }

    private float[] Choose(
        KMeansEngine engine,
        VectorSource data,
        ReadOnlyMemory<float> weights,
        RowFrame frame,
        int attempt,
        CancellationToken cancellationToken)
    {
        (VectorSource sample, ReadOnlyMemory<float> sampleWeights) = Initializer.Sample(
            data, weights, Options.InitializationSampleSize ?? KMeansOptions.AllRows, Options.Seed);
        return new Initializer(engine, Options, frame).Choose(sample, sampleWeights, attempt, cancellationToken);
    }
}
