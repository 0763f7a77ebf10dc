using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>The steps of mini-batch k-means on an engine that has the first centres: their order, their end, starved centres.</summary>
internal sealed class MiniBatchTraining(KMeansEngine engine, KMeansOptions options, double tolerance)
{
    // Steps between two looks at the figures. A device is asked for several at once, so that it need not wait.
    private const int StepsAtOnce = 8;

    private readonly List<double> _inertias = [];
    private readonly double[] _counts = new double[options.ClusterCount];
    private long _steps;
    private long _rowsSeen;
    private long _reseeded;
    private long _rowsSinceReseeding;
    private long _reseedings;
    private int _iteration;
    private int _finalIterations;
    private StopReason _stopReason;

    private double _smoothed = double.NaN;
    private double _leastSmoothed = double.PositiveInfinity;
    private int _notImproved;

    /// <summary>The frame of the first batch, which later batches are seen in.</summary>
    public RowFrame? Frame { get; init; }

    public FitReport Report => new()
    {
        StopReason = _stopReason,
        Iterations = _iteration,
        FinalIterations = _finalIterations,
        Steps = _steps,
        RowsSeen = _rowsSeen,
        ReseededCenters = _reseeded,
        InertiaPerIteration = [.. _inertias],
    };

    /// <summary>Passes over the rows until one of the ends is reached.</summary>
    public void Run(
        EngineData data, ReadOnlyMemory<float> weights, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
    {
        int batch = (int)Math.Min(options.BatchSize, data.Count);
        StepStatistics[] figures = new StepStatistics[StepsAtOnce];
        while (_stopReason == StopReason.None)
        {
            if (_iteration == options.MaxIterations)
            {
                _stopReason = StopReason.MaxIterations;
                break;
            }

            RowOrder order = RowOrder.Shuffled(data.Count, Seeds.For(options.Seed, Seeds.Order, _iteration++));
            double passInertia = 0;
            for (long position = 0; position < data.Count && _stopReason == StopReason.None;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int steps = (int)Math.Min(StepsAtOnce, (data.Count - position + batch - 1) / batch);
                engine.RunSteps(data, order, position, batch, figures.AsSpan(0, steps));
                long rows = Math.Min(steps * (long)batch, data.Count - position);
                _rowsSeen += rows;
                foreach (StepStatistics step in figures.AsSpan(0, steps))
                {
                    passInertia += step.Inertia;
                    Judge(step, data.Count, batch);
                }

                Reseed(data, weights, order, position + rows - Math.Min(batch, rows), (int)Math.Min(batch, rows), rows);
                position += rows;
                progress?.Report(new FitProgress(
                    FitPhase.Training, _iteration, _steps, position, data.Count, _smoothed));
            }

            _inertias.Add(passInertia);
        }
    }

    /// <summary>Lloyd's iterations over all rows, until nothing changes or <see cref="KMeansOptions.FinalIterations"/> are made.</summary>
    public void Refine(EngineData data, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
    {
        while (_finalIterations < options.FinalIterations)
        {
            LloydStatistics pass = engine.Accumulate(data, cancellationToken);
            double shift = engine.MoveCenters(data, out int relocated);
            _inertias.Add(pass.Inertia);
            _reseeded += relocated;
            _rowsSeen += data.Count;
            _finalIterations++;
            _steps++;
            progress?.Report(new FitProgress(
                FitPhase.Training, _iteration + _finalIterations, _steps, data.Count, data.Count, double.NaN));
            if (shift <= tolerance && relocated == 0)
            {
                break;
            }
        }
    }

    /// <summary>One step over all rows of a batch.</summary>
    public void Step(EngineData batch, ReadOnlyMemory<float> weights)
    {
        StepStatistics figures = default;
        RowOrder order = RowOrder.Sequential(batch.Count);
        engine.RunSteps(batch, order, 0, (int)batch.Count, new Span<StepStatistics>(ref figures));
        _steps++;
        _rowsSeen += batch.Count;
        Reseed(batch, weights, order, 0, (int)batch.Count, batch.Count);
    }

    /// <summary>Takes a step's figures into account; whether it was the last follows scikit-learn's rules.</summary>
    private void Judge(StepStatistics step, long rows, int batch)
    {
        _steps++;

        // A batch of no weight tells nothing; the first tells of the first centres, not of training.
        if (_stopReason != StopReason.None || step.Weight <= 0 || _steps == 1)
        {
            return;
        }

        double mean = step.Inertia / step.Weight;
        double share = Math.Min(1, 2.0 * batch / (rows + 1));
        _smoothed = double.IsNaN(_smoothed) ? mean : _smoothed + (share * (mean - _smoothed));
        if (step.CenterShift <= tolerance)
        {
            _stopReason = StopReason.Tolerance;
        }
        else if (_smoothed < _leastSmoothed)
        {
            _leastSmoothed = _smoothed;
            _notImproved = 0;
        }
        else if (++_notImproved >= options.MaxNoImprovement)
        {
            _stopReason = StopReason.NoImprovement;
        }
    }

    /// <summary>
    /// Puts starved centres on random rows of the last batch, at most half a batch of them: looked at while a centre has
    /// been given nothing, and after every ten rows a cluster.
    /// </summary>
    private void Reseed(
        EngineData data, ReadOnlyMemory<float> weights, RowOrder order, long position, int batch, long rows)
    {
        if (options.ReassignmentRatio == 0 || _stopReason != StopReason.None)
        {
            return;
        }

        _rowsSinceReseeding += rows;
        engine.GetCounts(_counts);
        if (_counts.Min() > 0 && _rowsSinceReseeding < 10L * options.ClusterCount)
        {
            return;
        }

        _rowsSinceReseeding = 0;
        double least = options.ReassignmentRatio * _counts.Max();
        int[] starved = [.. Enumerable.Range(0, _counts.Length)
            .Where(j => _counts[j] < least).OrderBy(j => _counts[j]).Take(batch / 2)];
        if (starved.Length == 0)
        {
            return;
        }

        // Rows of weight 0 are no place for a centre.
        RowOrder places = RowOrder.Shuffled(batch, Seeds.For(options.Seed, Seeds.Reassignment, _reseedings++));
        long[] chosen = [.. Enumerable.Range(0, batch).Select(i => order[position + places[i]])
            .Where(row => weights.IsEmpty || weights.Span[(int)row] > 0).Take(starved.Length)];
        starved = starved[..chosen.Length];

        // They count as much as the poorest of the others, so that they are neither fixed nor blown away.
        HashSet<int> moved = [.. starved];
        double count = _counts.Where((_, j) => !moved.Contains(j)).DefaultIfEmpty(1).Min();
        engine.Reseed(data, starved, chosen, count);
        _reseeded += starved.Length;
    }
}
