namespace GpuKMeans.Tests.Streams;

/// <summary>What a fit to a stream finds.</summary>
public sealed class StreamFitTests
{
    private const int Rows = 20_000, Dimension = 6, Clusters = 12;

    private static readonly TestSet _set = TestData.Make("blobs", Rows, Dimension, Clusters, seed: 4);

    private static readonly KMeansOptions _options = TestEstimators.Options(Clusters) with { BatchSize = 256, Seed = 5 };

    // Blocks of 3072 rows: seven of them.
    private static readonly StreamOptions _blocks = new() { MemoryLimit = 68 * 3100 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<Metric> Metrics => [Metric.Euclidean, Metric.Cosine];

    [Theory, MemberData(nameof(Metrics))]
    public async Task How_rows_are_cut_and_where_they_come_from_changes_no_bit(Metric metric)
    {
        KMeansOptions options = _options with { Metric = metric };
        MiniBatchKMeans expected = await Fit(options, VectorStream.From(_set.Source));
        using var folder = new TemporaryFolder();
        using VectorSource file = VectorFile.Open(folder.Write("x.npy", Npy.File(_set.Rows, Rows, Dimension)));
        float[,] array = _set.Array;
        VectorStream[] streams =
        [
            VectorStream.From(file),
            new TestStream(_set.Rows, Dimension, [1]),
            new TestStream(_set.Rows, Dimension, [3072], knowsCount: true),
            new TestStream(_set.Rows, Dimension, [0, 5000, 1, 777]),
            new TestStream(_set.Rows, Dimension, [Rows]),
            VectorStream.FromBatches(new[] { array }, Dimension, canRepeat: true),
            VectorStream.FromBatches(new[] { (ReadOnlyMemory<float>)_set.Rows }, Dimension, canRepeat: true),
            VectorStream.FromBatches(Later(array), Dimension, canRepeat: true),
        ];
        foreach (VectorStream stream in streams)
        {
            SameFit(expected, await Fit(options, stream));
        }

        foreach (int threads in new[] { 1, 3 })
        {
            SameFit(expected, await Fit(options with { MaxDegreeOfParallelism = threads }, streams[0]));
        }

        static async IAsyncEnumerable<float[,]> Later(float[,] array)
        {
            await Task.Yield();
            yield return array;
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_stream_that_fits_one_block_gives_what_fit_gives(bool canRepeat)
    {
        MiniBatchKMeans expected = new MiniBatchKMeans(_options).Fit(_set.Array);
        var stream = new TestStream(_set.Rows, Dimension, [999], canRepeat);
        MiniBatchKMeans actual = await new MiniBatchKMeans(_options).FitAsync(stream, cancellationToken: Cancellation);
        SameFit(expected, actual);
        Assert.Equal((1, 1), (stream.Readings, stream.Ended));
        Assert.Contains("call PredictAsync", Assert.Throws<InvalidOperationException>(() => actual.Labels).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("blobs", false)]
    [InlineData("blobs", true)]
    [InlineData("uniform", false)]
    [InlineData("uniform", true)]
    [InlineData("heavy tails", false)]
    [InlineData("heavy tails", true)]
    [InlineData("offset 1e6", false)]
    public async Task The_inertia_is_within_a_half_percent_of_what_fit_gives(string kind, bool sorted)
    {
        TestSet set = TestData.Make(kind, Rows, Dimension, Clusters, seed: 11);
        float[] rows = set.Rows;
        if (sorted)
        {
            rows = [.. Enumerable.Range(0, Rows).OrderBy(row => rows[row * Dimension]).SelectMany(row => rows[(row * Dimension)..((row + 1) * Dimension)])];
        }

        // Several seeds: which of several good answers is found is a matter of luck for both.
        double whole = 0, streamed = 0;
        for (int seed = 0; seed < 5; seed++)
        {
            KMeansOptions options = _options with { Seed = seed };
            whole += new MiniBatchKMeans(options).Fit(VectorSource.FromMemory(rows, Dimension)).Inertia;
            streamed += (await Fit(options, new TestStream(rows, Dimension, [512]))).Inertia;
        }

        Assert.InRange(streamed / whole, 0, 1.005);
    }

    [Fact]
    public async Task The_inertia_is_that_of_the_labels_and_predict_gives_them()
    {
        MiniBatchKMeans fitted = await Fit(_options, VectorStream.From(_set.Source));
        (int[] labels, double[] squares) = Oracle.Nearest(_set.Rows, TestEstimators.Flat(fitted.ClusterCenters), Dimension);
        Near.Equal(squares.Sum(), fitted.Inertia, 1e-6, "inertia");
        var streamed = new List<int>();
        await foreach (int[] part in fitted.Model.PredictAsync(new TestStream(_set.Rows, Dimension, [100]), _blocks, Cancellation))
        {
            Assert.InRange(part.Length, 1, 3100);
            streamed.AddRange(part);
        }

        Assert.Equal(labels, streamed);
        Assert.Equal(Rows, fitted.ClusterCounts.Sum());
        Assert.Equal(0, fitted.Report.EmptyClusters);
    }

    [Fact]
    public async Task A_stream_that_is_read_once_gives_each_row_to_a_centre()
    {
        var stream = new TestStream(_set.Rows, Dimension, [512], canRepeat: false);
        MiniBatchKMeans fitted = await Fit(_options with { SampleIterations = 0 }, stream);
        Assert.Equal(1, stream.Readings);
        Assert.Equal(Rows, fitted.Report.RowsSeen);
        Assert.Equal(1, fitted.Report.Iterations);
        Assert.Equal(0, fitted.Report.FinalIterations);
        Assert.Contains("could be read only once", Assert.Throws<InvalidOperationException>(() => fitted.Inertia).Message, StringComparison.Ordinal);

        // Not far from what all passes would have found.
        double once = -fitted.Score(_set.Array), often = (await Fit(_options, VectorStream.From(_set.Source))).Inertia;
        Assert.InRange(once / often, 1, 1.2);
        SameFit(fitted, await Fit(_options with { SampleIterations = 0 }, new TestStream(_set.Rows, Dimension, [77], canRepeat: false)));
    }

    [Fact]
    public async Task Partial_fit_goes_on_from_a_fit_to_a_stream()
    {
        MiniBatchKMeans fitted = await Fit(_options, VectorStream.From(_set.Source));
        double before = fitted.ClusterCounts.Sum();
        fitted.PartialFit(_set.Array);
        Assert.Equal(before + Rows, fitted.ClusterCounts.Sum());
        fitted.Dispose();
    }

    [Fact]
    public async Task Progress_tells_phases_rows_and_rate()
    {
        var seen = new List<FitProgress>();
        using var kmeans = new MiniBatchKMeans(_options);
        await kmeans.FitAsync(new TestStream(_set.Rows, Dimension, [512], knowsCount: true), _blocks, new ProgressCall(seen.Add), Cancellation);
        Assert.Equal([FitPhase.Checking, FitPhase.Initializing, FitPhase.Training, FitPhase.Labeling], seen.Select(p => p.Phase).Distinct());
        Assert.All(seen, p => Assert.InRange(p.RowsDone, 0, p.RowsTotal));
        Assert.Equal(Rows, seen[^1].RowsDone);
        Assert.All(seen, p => Assert.InRange(p.RowsTimed, 0, p.RowsDone));
        FitProgress last = seen.Last(p => p.RowsTimed > 0);
        Assert.Equal(last.RowsTimed / last.Elapsed.TotalSeconds, last.RowsPerSecond);
        Assert.Equal((last.RowsTotal - last.RowsDone) / last.RowsPerSecond, last.TimeLeft!.Value.TotalSeconds, 1e-3);
    }

    private static async Task<MiniBatchKMeans> Fit(KMeansOptions options, VectorStream stream) =>
        await new MiniBatchKMeans(options).FitAsync(stream, _blocks, cancellationToken: Cancellation);

    private static void SameFit(MiniBatchKMeans expected, MiniBatchKMeans actual)
    {
        Near.SameBits(expected.ClusterCenters, actual.ClusterCenters);
        Near.SameBits(expected.ClusterCounts, actual.ClusterCounts);
        Assert.Equal(expected.Report.InertiaPerIteration.AsEnumerable(), actual.Report.InertiaPerIteration.AsEnumerable());
        Assert.Equal(expected.Report.StopReason, actual.Report.StopReason);
        if (actual.Report.FinalIterations > 0)
        {
            Assert.Equal(BitConverter.DoubleToInt64Bits(expected.Inertia), BitConverter.DoubleToInt64Bits(actual.Inertia));
        }
    }
}
