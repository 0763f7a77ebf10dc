using System.Diagnostics;
using GpuKMeans.Engines;

namespace GpuKMeans;

/// <content>Fitting to rows that come as a stream.</content>
public sealed partial class MiniBatchKMeans
{
    /// <summary>Fits centres to the rows of a stream, forgetting what was fitted before.</summary>
    /// <param name="data">Rows of D values, at least as many as clusters, all finite.</param>
    /// <param name="options">How the stream is read; the defaults of <see cref="StreamOptions"/> when null.</param>
    /// <param name="progress">Is told how far it has come, after every few steps.</param>
    /// <param name="cancellationToken">Stops the fit; the estimator stays as it was.</param>
    /// <returns>This estimator. It has an inertia and no labels, for nobody may have room for them: see
    /// <see cref="KMeansModel.PredictAsync"/>.</returns>
    /// <remarks>
    /// <para>
    /// Rows are held a block at a time, while the next block is read. A stream that fits one block gives the same bits as
    /// <see cref="Fit"/>. Of a longer one, a first reading checks the rows, takes their mean and variance, and draws the sample
    /// among which first centres are chosen; then come passes of mini-batches, shuffled within each block, the final
    /// iterations, and with <see cref="KMeansOptions.ComputeLabels"/> the inertia, each a reading. The result depends on the
    /// order of the rows and on <see cref="StreamOptions.MemoryLimit"/>, never on how the rows are cut into batches. In the final
    /// iterations an empty cluster takes over a row of the last block.
    /// </para>
    /// <para>
    /// A stream that cannot be repeated and is longer than a block is read once: first centres are chosen in its first block,
    /// every row is given to the centres once, and there are no final iterations and no inertia.
    /// </para>
    /// <para>
    /// With <see cref="KMeansOptions.CheckpointPath"/>, a fit that was stopped goes on where it was; the first reading is
    /// made again, and tells whether the rows are the same.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentException">Rows are unfit, with the row; or an option is.</exception>
    /// <exception cref="InvalidDataException">
    /// A batch holds no whole number of rows, or the stream gave another number of rows when it was read again.
    /// </exception>
    public Task<MiniBatchKMeans> FitAsync(
        VectorStream data,
        StreamOptions? options = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        CheckShape(data.Count, data.Dimension);
        int blockRows = (options ?? new StreamOptions()).BlockRows(data.Dimension, Options.BatchSize, Options.ClusterCount);
        if (Options.InitializationSampleSize > blockRows && !(data.Count <= blockRows))
        {
            throw KMeansErrors.SampleTooLarge(Options.InitializationSampleSize.Value, blockRows);
        }

        // With the default sizes the sample is a matter of the centres: 64 rows for each, beside the blocks.
        long sample = Math.Min(Math.Max(SeedRows, SampleRows), Array.MaxLength / data.Dimension);

        var blocks = new RowBlocks(data, blockRows);
        return Task.Run(() => FitStream(data, blocks, (int)sample, FitClock.Over(progress), cancellationToken), cancellationToken);
    }

    private async Task<MiniBatchKMeans> FitStream(
        VectorStream data, RowBlocks readings, int sampleRows, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
    {
        FitResult result;
        IAsyncEnumerator<RowBlock> blocks = readings.Read(0, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (blocks.ConfigureAwait(false))
        {
            if (!await blocks.MoveNextAsync().ConfigureAwait(false))
            {
                throw KMeansErrors.TooFewRows(0, Options.ClusterCount);
            }

            var fit = new StreamFit(this, data, readings, progress, cancellationToken);
            result = blocks.Current.IsLast ? FitInMemory(blocks.Current.Rows, default, progress, cancellationToken)
                : data.CanRepeat ? await fit.Repeatedly(blocks, sampleRows).ConfigureAwait(false)
                : await fit.Once(blocks, sampleRows).ConfigureAwait(false);
        }

        EndPartialFit();
        Set(result with { Labels = null, WhyNoLabels = result.Inertia is null ? result.WhyNoLabels : "those of a stream are not kept; call PredictAsync" });
        return this;
    }

    /// <summary>One fit to a stream of more than one block.</summary>
    private sealed class StreamFit(
        MiniBatchKMeans owner, VectorStream data, RowBlocks readings, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
    {
        private readonly KMeansOptions _options = owner.Options;
        private readonly int _blockRows = readings.BlockRows;
        private long _rows;

        /// <summary>Reads the stream as often as it takes.</summary>
        /// <param name="blocks">The first reading, at its first block.</param>
        /// <param name="sampleRows">The rows to draw.</param>
        public async Task<FitResult> Repeatedly(IAsyncEnumerator<RowBlock> blocks, int sampleRows)
        {
            long start = Stopwatch.GetTimestamp();
            var sample = new Reservoir(sampleRows, data.Dimension, Seeds.For(_options.Seed, Seeds.Sample, 0));
            RowSummary summary = await Examine(blocks, sample).ConfigureAwait(false);
            TimeSpan checkTime = Stopwatch.GetElapsedTime(start);

            using KMeansEngine engine = owner.CreateEngine(_rows, data.Dimension);
            Checkpoint? checkpoint = Checkpoint.For(_options, nameof(MiniBatchKMeans), engine.Device, _rows, _blockRows, summary);
            start = Stopwatch.GetTimestamp();
            MiniBatchTraining training = owner.Start(engine, sample.Rows, default, summary, checkpoint, progress, cancellationToken);
            TimeSpan initializationTime = Stopwatch.GetElapsedTime(start);

            start = Stopwatch.GetTimestamp();
            await Train(engine, training).ConfigureAwait(false);
            await Refine(engine, training).ConfigureAwait(false);
            FitReport report = training.Report with
            {
                RowCount = _rows,
                Engine = engine.Name,
                CheckTime = checkTime,
                InitializationTime = initializationTime,
                TrainingTime = Stopwatch.GetElapsedTime(start),
            };
            FitResult result = await Finish(owner.Snapshot(engine, data.Dimension), report).ConfigureAwait(false);
            checkpoint?.Delete();
            return result with { Means = owner.Means(engine, data.Dimension) };
        }

        /// <summary>Gives each row to the centres as it comes.</summary>
        /// <param name="blocks">The only reading, at its first block.</param>
        /// <param name="sampleRows">The rows to draw.</param>
        public async Task<FitResult> Once(IAsyncEnumerator<RowBlock> blocks, int sampleRows)
        {
            long start = Stopwatch.GetTimestamp();
            using var statistics = Statistics();
            statistics.Add(blocks.Current.Rows, default, cancellationToken);
            RowSummary summary = statistics.Summary;
            var sample = new Reservoir(sampleRows, data.Dimension, Seeds.For(_options.Seed, Seeds.Sample, 0));
            sample.Add(blocks.Current.Rows);
            using KMeansEngine engine = owner.CreateEngine(data.Count ?? _blockRows, data.Dimension);
            Checkpoint? checkpoint = Checkpoint.For(_options, nameof(MiniBatchKMeans), engine.Device, data.Count, _blockRows, summary);
            MiniBatchTraining training = owner.Start(
                engine, sample.Rows, default, summary, checkpoint, progress, cancellationToken, stops: false);
            TimeSpan initializationTime = Stopwatch.GetElapsedTime(start);

            start = Stopwatch.GetTimestamp();
            bool open = training.StartPass();
            do
            {
                RowBlock block = blocks.Current;
                if (block.Index > 0)
                {
                    statistics.Add(block.Rows, default, cancellationToken);
                }

                if (block.Index >= training.NextBlock)
                {
                    using EngineData rows = engine.Load(block.Rows, default, training.Frame);
                    training.RunBlock(rows, default, block.FirstRow, data.Count ?? 0, progress, cancellationToken);
                }
            }
            while (await blocks.MoveNextAsync().ConfigureAwait(false));

            // A fit may have been stopped with nothing left to do but to take its centres.
            if (open)
            {
                training.EndPass();
            }

            FitReport report = training.Report with
            {
                RowCount = statistics.Count,
                StopReason = StopReason.MaxIterations,
                Engine = engine.Name,
                InitializationTime = initializationTime,
                TrainingTime = Stopwatch.GetElapsedTime(start),
            };
            KMeansModel model = owner.Snapshot(engine, data.Dimension);
            checkpoint?.Delete();
            return Unlabeled(model, report, "the stream could be read only once") with { Means = owner.Means(engine, data.Dimension) };
        }

        private RowStatistics Statistics() => new(data.Dimension, owner.IsCosine, _options.MaxDegreeOfParallelism);

        private async Task<RowSummary> Examine(IAsyncEnumerator<RowBlock> blocks, Reservoir sample)
        {
            using RowStatistics statistics = Statistics();
            do
            {
                statistics.Add(blocks.Current.Rows, default, cancellationToken);
                sample.Add(blocks.Current.Rows);
                progress?.Report(new FitProgress(FitPhase.Checking, 0, 0, statistics.Count, data.Count ?? 0, double.NaN));
            }
            while (await blocks.MoveNextAsync().ConfigureAwait(false));

            _rows = statistics.Count;
            owner.CheckShape(_rows, data.Dimension);
            return statistics.Summary;
        }

        private async Task Train(KMeansEngine engine, MiniBatchTraining training)
        {
            while (training.StartPass())
            {
                await foreach (RowBlock block in Blocks(training.NextBlock).ConfigureAwait(false))
                {
                    using EngineData rows = engine.Load(block.Rows, default, training.Frame);
                    if (!training.RunBlock(rows, default, block.FirstRow, _rows, progress, cancellationToken))
                    {
                        break;
                    }
                }

                training.EndPass();
            }
        }

        private async Task Refine(KMeansEngine engine, MiniBatchTraining training)
        {
            while (!training.IsRefined)
            {
                EngineData? last = null;
                double inertia = 0;
                try
                {
                    await foreach (RowBlock block in Blocks(0).ConfigureAwait(false))
                    {
                        last?.Dispose();
                        last = engine.Load(block.Rows, default, training.Frame);
                        inertia += engine.Accumulate(last, cancellationToken).Inertia;
                        if (block.IsLast)
                        {
                            training.EndIteration(last, inertia, _rows, progress);
                        }
                        else
                        {
                            training.ReportIteration(block.EndRow, _rows, progress);
                        }
                    }
                }
                finally
                {
                    last?.Dispose();
                }
            }
        }

        private async Task<FitResult> Finish(KMeansModel model, FitReport report)
        {
            if (!_options.ComputeLabels)
            {
                return Unlabeled(model, report, "ComputeLabels is false");
            }

            long start = Stopwatch.GetTimestamp();
            bool[] used = new bool[model.ClusterCount];
            int[] labels = new int[Math.Min(_blockRows, _rows)];
            double inertia = 0;
            await foreach (RowBlock block in Blocks(0).ConfigureAwait(false))
            {
                int count = (int)block.Rows.Count;
                inertia += model.Assign(block, labels.AsSpan(0, count), wantInertia: true, cancellationToken);
                foreach (int label in labels.AsSpan(0, count))
                {
                    used[label] = true;
                }

                progress?.Report(new FitProgress(FitPhase.Labeling, 0, 0, block.EndRow, _rows, double.NaN));
            }

            report = report with { EmptyClusters = used.Count(u => !u), LabelingTime = Stopwatch.GetElapsedTime(start) };
            return new FitResult(model, report, "") { Inertia = inertia };
        }

        /// <summary>Reads the stream again.</summary>
        private async IAsyncEnumerable<RowBlock> Blocks(int first)
        {
            long rows = 0;
            await foreach (RowBlock block in readings.Read(first, cancellationToken).ConfigureAwait(false))
            {
                rows = block.EndRow;
                if (block.IsLast ? rows != _rows : rows >= _rows)
                {
                    throw KMeansErrors.StreamChanged(_rows, rows);
                }

                yield return block;
            }

            if (rows == 0 && first == 0)
            {
                throw KMeansErrors.StreamChanged(_rows, 0);
            }
        }
    }
}
