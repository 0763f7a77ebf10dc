using GpuKMeans.Engines;

namespace GpuKMeans;

/// <summary>The steps of mini-batch k-means on an engine that has the first centres: their order, their end, starved centres.</summary>
internal sealed class MiniBatchTraining(KMeansEngine engine, KMeansOptions options, double tolerance)
{
    // Steps between two looks at the figures. A device is asked for several at once, so that it need not wait.
    private const int StepsAtOnce = 8;

    private readonly double[] _counts = new double[options.ClusterCount];
    private List<double> _inertias = [];
    private long _steps;
    private long _rowsSeen;
    private long _reseeded;
    private long _rowsSinceReseeding;
    private long _reseedings;
    private int _iteration;
    private int _finalIterations;
    private bool _refined;
    private StopReason _stopReason;

    // The pass at hand.
    private bool _inPass;
    private int _block;
    private long _position;
    private double _passInertia;

    private double _smoothed = double.NaN;
    private double _leastSmoothed = double.PositiveInfinity;
    private int _notImproved;

    /// <summary>The frame of the first batch, which later batches are seen in.</summary>
    public required RowFrame Frame { get; init; }

    /// <summary>Where to keep how far it has come, if anywhere.</summary>
    public Checkpoint? Checkpoint { get; init; }

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

    /// <summary>The block of the pass at hand that comes next.</summary>
    public int NextBlock => _block;

    /// <summary>Whether all the final iterations wanted have been made.</summary>
    public bool IsRefined => _refined || _finalIterations >= options.FinalIterations;

    /// <summary>Goes on from a state that was saved.</summary>
    public void Restore(TrainingState state)
    {
        state.Restore(engine, Frame);
        _inertias = [.. state.Inertias];
        (_iteration, _inPass, _block, _position) = (state.Iteration, state.InPass, state.Block, state.Position);
        (_passInertia, _steps, _rowsSeen) = (state.PassInertia, state.Steps, state.RowsSeen);
        (_reseeded, _rowsSinceReseeding, _reseedings) = (state.Reseeded, state.RowsSinceReseeding, state.Reseedings);
        (_finalIterations, _refined, _stopReason) = (state.FinalIterations, state.Refined, state.StopReason);
        (_smoothed, _leastSmoothed, _notImproved) = (state.Smoothed, state.LeastSmoothed, state.NotImproved);
    }

    /// <summary>Saves the state where it is time to.</summary>
    public void SaveIfDue()
    {
        if (Checkpoint is not { IsDue: true })
        {
            return;
        }

        Checkpoint.Save(new TrainingState
        {
            Inertias = [.. _inertias],
            Iteration = _iteration,
            InPass = _inPass,
            Block = _block,
            Position = _position,
            PassInertia = _passInertia,
            Steps = _steps,
            RowsSeen = _rowsSeen,
            Reseeded = _reseeded,
            RowsSinceReseeding = _rowsSinceReseeding,
            Reseedings = _reseedings,
            FinalIterations = _finalIterations,
            Refined = _refined,
            StopReason = _stopReason,
            Smoothed = _smoothed,
            LeastSmoothed = _leastSmoothed,
            NotImproved = _notImproved,
        }.With(engine, options.ClusterCount, Frame.Dimension));
    }

    /// <summary>Passes over the rows until one of the ends is reached.</summary>
    public void Run(
        EngineData data, ReadOnlyMemory<float> weights, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
    {
        while (StartPass())
        {
            RunBlock(data, weights, 0, data.Count, progress, cancellationToken);
            EndPass();
        }
    }

    /// <summary>Begins a pass over the rows, or goes on with one.</summary>
    /// <returns>Whether there is another.</returns>
    public bool StartPass()
    {
        if (_stopReason == StopReason.None && !_inPass && _iteration == options.MaxIterations)
        {
            _stopReason = StopReason.MaxIterations;
        }

        if (_stopReason != StopReason.None)
        {
            return false;
        }

        if (!_inPass)
        {
            _iteration++;
            (_inPass, _block, _position, _passInertia) = (true, 0, 0, 0);
        }

        return true;
    }

    /// <summary>Runs the steps over rows of a pass that are in memory together.</summary>
    /// <param name="data">The rows, of block <see cref="NextBlock"/>.</param>
    /// <param name="weights">Their weights, or empty.</param>
    /// <param name="firstRow">Which row of the pass the first of them is.</param>
    /// <param name="totalRows">The rows of a pass.</param>
    /// <param name="progress">Is told how far it has come.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>Whether the pass goes on.</returns>
    public bool RunBlock(
        EngineData data,
        ReadOnlyMemory<float> weights,
        long firstRow,
        long totalRows,
        IProgress<FitProgress>? progress,
        CancellationToken cancellationToken)
    {
        int batch = (int)Math.Min(options.BatchSize, data.Count);
        StepStatistics[] figures = new StepStatistics[StepsAtOnce];
        RowOrder order = RowOrder.Shuffled(data.Count, Seeds.For(options.Seed, Seeds.Order, ((long)_block << 32) | (uint)(_iteration - 1)));
        while (_position < data.Count && _stopReason == StopReason.None)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int steps = (int)Math.Min(StepsAtOnce, (data.Count - _position + batch - 1) / batch);
            engine.RunSteps(data, order, _position, batch, figures.AsSpan(0, steps));
            long rows = Math.Min(steps * (long)batch, data.Count - _position);
            _rowsSeen += rows;
            foreach (StepStatistics step in figures.AsSpan(0, steps))
            {
                _passInertia += step.Inertia;
                Judge(step, totalRows, batch);
            }

            Reseed(data, weights, order, _position + rows - Math.Min(batch, rows), (int)Math.Min(batch, rows), rows);
            _position += rows;
            progress?.Report(new FitProgress(
                FitPhase.Training, _iteration, _steps, firstRow + _position, totalRows, _smoothed));
            if (_stopReason == StopReason.None)
            {
                SaveIfDue();
            }
        }

        if (_stopReason != StopReason.None)
        {
            return false;
        }

        (_block, _position) = (_block + 1, 0);
        return true;
    }

    /// <summary>Ends a pass.</summary>
    public void EndPass()
    {
        _inertias.Add(_passInertia);
        _inPass = false;
        SaveIfDue();
    }

    /// <summary>Lloyd's iterations over all rows, until nothing changes or <see cref="KMeansOptions.FinalIterations"/> are made.</summary>
    public void Refine(EngineData data, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
    {
        while (!IsRefined)
        {
            EndIteration(data, engine.Accumulate(data, cancellationToken).Inertia, data.Count, progress);
        }
    }

    /// <summary>Tells how far one of Lloyd's iterations has come.</summary>
    public void ReportIteration(long rowsDone, long totalRows, IProgress<FitProgress>? progress) => progress?.Report(
        new FitProgress(FitPhase.Training, _iteration + _finalIterations + 1, _steps, rowsDone, totalRows, double.NaN));

    /// <summary>Ends one of Lloyd's iterations: moves the centres by what has been accumulated.</summary>
    /// <param name="last">The rows last accumulated.</param>
    /// <param name="inertia">The inertia of all rows of the pass.</param>
    /// <param name="totalRows">The number of them.</param>
    /// <param name="progress">Is told how far it has come.</param>
    public void EndIteration(EngineData last, double inertia, long totalRows, IProgress<FitProgress>? progress)
    {
        double shift = engine.MoveCenters(last, out int relocated);
        _inertias.Add(inertia);
        _reseeded += relocated;
        _rowsSeen += totalRows;
        _finalIterations++;
        _steps++;
        _refined = shift <= tolerance && relocated == 0;
        progress?.Report(new FitProgress(
            FitPhase.Training, _iteration + _finalIterations, _steps, totalRows, totalRows, double.NaN));
        SaveIfDue();
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
