using System.Collections.Immutable;

namespace GpuKMeans;

/// <summary>Why training ended.</summary>
public enum StopReason
{
    /// <summary>Training has not ended: the model is fitted by <see cref="MiniBatchKMeans.PartialFit"/>.</summary>
    None,

    /// <summary>The centres moved no more than <see cref="KMeansOptions.Tolerance"/> allows.</summary>
    Tolerance,

    /// <summary>The smoothed inertia had not improved for <see cref="KMeansOptions.MaxNoImprovement"/> steps.</summary>
    NoImprovement,

    /// <summary>No row changed its cluster (<see cref="KMeans"/> only).</summary>
    LabelsUnchanged,

    /// <summary><see cref="KMeansOptions.MaxIterations"/> passes were made.</summary>
    MaxIterations,
}

/// <summary>What happened in training.</summary>
public sealed record FitReport
{
    /// <summary>Why training ended.</summary>
    public StopReason StopReason { get; init; }

    /// <summary>The passes over the data begun.</summary>
    public int Iterations { get; init; }

    /// <summary>Lloyd's iterations over all rows made at the end (<see cref="KMeansOptions.FinalIterations"/>).</summary>
    public int FinalIterations { get; init; }

    /// <summary>The times the centres were moved in training: mini-batch steps and Lloyd's iterations.</summary>
    public long Steps { get; init; }

    /// <summary>The number of rows of the data fitted; 0 where the model is fitted by <see cref="MiniBatchKMeans.PartialFit"/>.</summary>
    public long RowCount { get; init; }

    /// <summary>The rows the centres were moved by, counted each time.</summary>
    public long RowsSeen { get; init; }

    /// <summary>The starved or empty centres that were put on a row, counted each time.</summary>
    public long ReseededCenters { get; init; }

    /// <summary>
    /// The clusters to which no row of the data belongs in the end, as when there are fewer distinct rows than clusters;
    /// or, without labels, to which none was ever given.
    /// </summary>
    public int EmptyClusters { get; init; }

    /// <summary>
    /// The sum of weight × squared distance over the rows of each pass, each measured before the centres moved by it; the
    /// final iterations last.
    /// </summary>
    public ImmutableArray<double> InertiaPerIteration { get; init; } = [];

    /// <summary>The engine that computed.</summary>
    public string Engine { get; init; } = "";

    /// <summary>Time spent on checking the data and taking mean and variance.</summary>
    public TimeSpan CheckTime { get; init; }

    /// <summary>Time spent on choosing the first centres.</summary>
    public TimeSpan InitializationTime { get; init; }

    /// <summary>Time spent on training.</summary>
    public TimeSpan TrainingTime { get; init; }

    /// <summary>Time spent on the labels and the inertia of all rows.</summary>
    public TimeSpan LabelingTime { get; init; }
}

/// <summary>What a fit is doing.</summary>
public enum FitPhase
{
    /// <summary>Checking the data.</summary>
    Checking,

    /// <summary>Choosing the first centres.</summary>
    Initializing,

    /// <summary>Moving the centres.</summary>
    Training,

    /// <summary>Labelling all rows.</summary>
    Labeling,
}

/// <summary>How far a fit has come.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Iteration">The pass over the data, from 1; 0 outside training.</param>
/// <param name="Steps">The times the centres were moved so far.</param>
/// <param name="RowsDone">The rows done in this phase; in training, in this pass.</param>
/// <param name="RowsTotal">The rows to do in this phase; in training, in a pass. 0 when it is not known.</param>
/// <param name="MeanInertia">Training: the smoothed weighted mean of the squared distances; NaN where not known.</param>
public readonly record struct FitProgress(
    FitPhase Phase, int Iteration, long Steps, long RowsDone, long RowsTotal, double MeanInertia)
{
    /// <summary>The time since the first report of this phase; in training, since the pass before ended.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The rows done in that time.</summary>
    public long RowsTimed { get; init; }

    /// <summary>Rows a second in that time; 0 where nothing is timed yet.</summary>
    public double RowsPerSecond => Elapsed > TimeSpan.Zero ? RowsTimed / Elapsed.TotalSeconds : 0;

    /// <summary>The time to the end of this phase, in training of this pass, at the rate so far; null where it is not known.</summary>
    public TimeSpan? TimeLeft => RowsPerSecond > 0 && RowsTotal >= RowsDone
        ? TimeSpan.FromSeconds((RowsTotal - RowsDone) / RowsPerSecond)
        : null;
}
