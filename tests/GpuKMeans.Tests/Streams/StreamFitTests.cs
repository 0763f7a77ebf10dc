namespace GpuKMeans.Tests.Streams;

/// <summary>Fitting to rows that come a batch at a time.</summary>
public sealed class StreamFitTests
{
    private static readonly TestSet _set = TestData.Make("blobs", 20_000, 6, 12, seed: 61);
    private static readonly KMeansOptions _options = TestEstimators.Options(12) with { BatchSize = 500 };

    // Six blocks of 3,500 rows, the last of 2,500.
    private static readonly StreamOptions _blocks = new() { MemoryLimit = 3500 * ((2 * 6 * sizeof(float)) + 20) };

    [Fact]
    public async Task A_stream_within_one_block_gives_the_bits_of_fit()
    {
        MiniBatchKMeans expected = new MiniBatchKMeans(_options).Fit(_set.Array);
        Same(expected, await new MiniBatchKMeans(_options).FitAsync(Batches(777)));
    }

    [Fact]
    public async Task However_rows_are_cut_the_bits_are_the_same()
    {
        MiniBatchKMeans expected = await new MiniBatchKMeans(_options).FitAsync(VectorStream.From(_set.Source), _blocks);
        foreach (int rows in (int[])[1, 333, 3500, 3501, 20_000])
        {
            Same(expected, await new MiniBatchKMeans(_options).FitAsync(Batches(rows), _blocks));
        }

        using var folder = new TemporaryFolder();
        using VectorSource file = VectorFile.Open(folder.Write("rows.npy", Npy.File(_set.Rows, 20_000, 6)));
        Same(expected, await new MiniBatchKMeans(_options).FitAsync(VectorStream.From(file), _blocks));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Blocks_cost_less_than_half_a_percent_of_inertia(bool sorted)
    {
        float[][] rows = [.. _set.Rows.Chunk(6)];
        if (sorted)
        {
            rows = [.. rows.Select((row, i) => (row, i)).OrderBy(pair => pair.i % 12).Select(pair => pair.row)];
        }

        double whole = new MiniBatchKMeans(_options).Fit(rows).Inertia;
        MiniBatchKMeans parts = await new MiniBatchKMeans(_options).FitAsync(VectorStream.From(rows), _blocks);
        Assert.InRange(parts.Inertia, 0, whole * 1.005);
    }

    [Fact]
    public async Task A_value_that_is_not_finite_is_named_by_its_row_in_the_stream()
    {
        float[] rows = [.. _set.Rows];
        rows[(19_321 * 6) + 4] = float.NaN;
        VectorStream stream = VectorStream.From(VectorSource.FromMemory(rows, 6));
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(
            () => new MiniBatchKMeans(_options).FitAsync(stream, _blocks));
        Assert.Contains("Row 19321, column 4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_throws_ends_the_fit_with_its_own_error()
    {
        var estimator = new MiniBatchKMeans(_options);
        VectorStream stream = VectorStream.FromBatches(Failing(), 6);
        Assert.Equal("gone", (await Assert.ThrowsAsync<IOException>(() => estimator.FitAsync(stream, _blocks))).Message);
        Assert.False(estimator.IsFitted);

        static IEnumerable<ReadOnlyMemory<float>> Failing()
        {
            yield return _set.Rows.AsMemory(0, 9000 * 6);
            throw new IOException("gone");
        }
    }

    [Fact]
    public async Task A_batch_of_no_whole_rows_is_named_by_its_first_row()
    {
        VectorStream stream = VectorStream.FromBatches([_set.Rows.AsMemory(0, 5000 * 6), _set.Rows.AsMemory(0, 7)], 6);
        InvalidDataException error = await Assert.ThrowsAsync<InvalidDataException>(
            () => new MiniBatchKMeans(_options).FitAsync(stream, _blocks));
        Assert.Contains("row 5000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_can_be_read_only_once_is_given_to_the_centres_once()
    {
        MiniBatchKMeans fitted = await new MiniBatchKMeans(_options with { ReassignmentRatio = 0 }).FitAsync(
            VectorStream.FromBatches([.. _set.Rows.Chunk(6 * 999).Select(part => new ReadOnlyMemory<float>(part))], 6), _blocks);
        Assert.Equal((1, 20_000), (fitted.Report.Iterations, fitted.Report.RowsSeen));
        Assert.Throws<InvalidOperationException>(() => fitted.Inertia);
    }

    [Fact]
    public async Task Labels_of_a_stream_are_those_of_the_rows()
    {
        KMeansModel model = new MiniBatchKMeans(_options).Fit(_set.Array).Model;
        List<int> labels = [];
        await foreach (int[] part in model.PredictAsync(Batches(777), _blocks))
        {
            labels.AddRange(part);
        }

        Assert.Equal(model.Predict(_set.Array), labels);
    }

    private static VectorStream Batches(int rows) => VectorStream.FromBatches(
        [.. _set.Rows.Chunk(6 * rows).Select(part => new ReadOnlyMemory<float>(part))], 6, canRepeat: true);

    private static void Same(KMeansEstimator expected, KMeansEstimator actual)
    {
        Near.SameBits(expected.ClusterCenters, actual.ClusterCenters);
        Near.SameBits(expected.ClusterCounts, actual.ClusterCounts);
        Assert.Equal(expected.Inertia, actual.Inertia);
        Assert.Equal(expected.Report.InertiaPerIteration.AsEnumerable(), actual.Report.InertiaPerIteration.AsEnumerable());
    }
}
