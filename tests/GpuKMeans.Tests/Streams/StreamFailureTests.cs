namespace GpuKMeans.Tests.Streams;

/// <summary>Whatever ends a stream early ends the fit with an error that says where, and nothing stays under way.</summary>
public sealed class StreamFailureTests
{
    private const int Rows = 10_000, Dimension = 4;

    private static readonly TestSet _set = TestData.Make("uniform", Rows, Dimension, 8, seed: 6);

    private static readonly KMeansOptions _options = TestEstimators.Options(8) with { BatchSize = 128 };

    private static readonly StreamOptions _blocks = new() { MemoryLimit = 52 * 1600 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public async Task A_source_that_throws_in_any_reading(int reading)
    {
        var lost = new IOException("the disk has gone");
        var stream = new TestStream(_set.Rows, Dimension, [100])
        {
            Before = (number, row) => _ = number == reading && row == 500 ? throw lost : 0,
        };
        using var kmeans = new MiniBatchKMeans(_options);
        Assert.Same(lost, await Assert.ThrowsAsync<IOException>(() => kmeans.FitAsync(stream, _blocks, cancellationToken: Cancellation)));
        Assert.False(kmeans.IsFitted);
        Assert.Equal((reading, reading), (stream.Readings, stream.Ended));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task Cancellation_in_any_reading(int reading)
    {
        using var cancellation = new CancellationTokenSource();
        var stream = new TestStream(_set.Rows, Dimension, [100])
        {
            Before = (number, row) =>
            {
                if (number == reading && row == 500)
                {
                    cancellation.Cancel();
                }
            },
        };
        using var kmeans = new MiniBatchKMeans(_options);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => kmeans.FitAsync(stream, _blocks, cancellationToken: cancellation.Token));
        Assert.False(kmeans.IsFitted);
        Assert.Equal((reading, reading), (stream.Readings, stream.Ended));
    }

    [Theory, InlineData(float.NaN), InlineData(float.PositiveInfinity), InlineData(1e30f)]
    public async Task A_bad_value_far_in_is_named_by_its_row_in_the_stream(float value)
    {
        float[] rows = [.. _set.Rows];
        rows[(9876 * Dimension) + 2] = value;
        using var kmeans = new MiniBatchKMeans(_options);
        foreach (bool canRepeat in new[] { true, false })
        {
            var stream = new TestStream(rows, Dimension, [100], canRepeat);
            var e = await Assert.ThrowsAsync<ArgumentException>(() => kmeans.FitAsync(stream, _blocks, cancellationToken: Cancellation));
            Assert.StartsWith("Row 9876", e.Message, StringComparison.Ordinal);
        }

        KMeansModel model = new MiniBatchKMeans(_options).Fit(_set.Array).Model;
        var error = await Assert.ThrowsAsync<ArgumentException>(async () =>
        {
            await foreach (int[] labels in model.PredictAsync(new TestStream(rows, Dimension, [100]), _blocks, Cancellation))
            {
                Assert.InRange(labels.Length, 1, 1600);
            }
        });
        Assert.StartsWith("Row 9876", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_without_direction_is_named_by_its_row_in_the_stream()
    {
        float[] rows = [.. _set.Rows];
        rows.AsSpan(7777 * Dimension, Dimension).Clear();
        using var kmeans = new MiniBatchKMeans(_options with { Metric = Metric.Cosine });
        var e = await Assert.ThrowsAsync<ArgumentException>(
            () => kmeans.FitAsync(new TestStream(rows, Dimension, [100]), _blocks, cancellationToken: Cancellation));
        Assert.StartsWith("Row 7777 is all zeros", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_of_no_whole_number_of_rows_is_named_by_its_first()
    {
        ReadOnlyMemory<float>[] batches = [_set.Rows.AsMemory(0, 4000), _set.Rows.AsMemory(0, 3)];
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => new MiniBatchKMeans(_options)
            .FitAsync(VectorStream.FromBatches(batches, Dimension), _blocks, cancellationToken: Cancellation));
        Assert.Equal("The batch that begins with row 1000 of the stream has 3 values, which are no whole number of rows of 4.", e.Message);
        float[][,] arrays = [new float[10, 4], new float[10, 5]];
        e = await Assert.ThrowsAsync<InvalidDataException>(() => new MiniBatchKMeans(_options)
            .FitAsync(VectorStream.FromBatches(arrays, Dimension), _blocks, cancellationToken: Cancellation));
        Assert.Equal("The batch that begins with row 10 of the stream has 5 columns; 4 were said.", e.Message);
    }

    [Theory, InlineData(0), InlineData(9000), InlineData(10_001)]
    public async Task A_stream_that_is_another_when_it_is_read_again_is_refused(int rowsThen)
    {
        float[] longer = [.. _set.Rows, 1, 2, 3, 4];
        int reading = 0;
        async IAsyncEnumerable<ReadOnlyMemory<float>> Batches()
        {
            await Task.Yield();
            yield return longer.AsMemory(0, (++reading == 1 ? Rows : rowsThen) * Dimension);
        }

        var e = await Assert.ThrowsAsync<InvalidDataException>(() => new MiniBatchKMeans(_options)
            .FitAsync(VectorStream.FromBatches(Batches(), Dimension, canRepeat: true), _blocks, cancellationToken: Cancellation));
        Assert.StartsWith($"The stream gave 10000 rows when it was first read and {(rowsThen > Rows ? "" : rowsThen)}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_few_rows_too_little_memory_and_too_large_a_sample_are_refused()
    {
        var e = await Assert.ThrowsAsync<ArgumentException>(
            () => new MiniBatchKMeans(20).FitAsync(new TestStream(new float[12], 1, [5]), cancellationToken: Cancellation));
        Assert.Contains("There are 12 rows and ClusterCount is 20", e.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(
            () => new MiniBatchKMeans(20).FitAsync(new TestStream([], 1, [5]), cancellationToken: Cancellation));
        var memory = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => new MiniBatchKMeans(_options)
            .FitAsync(VectorStream.From(_set.Source), new StreamOptions { MemoryLimit = 1000 }, cancellationToken: Cancellation));
        Assert.Equal("MemoryLimit", memory.ParamName);
        KMeansOptions all = _options with { InitializationSampleSize = KMeansOptions.AllRows };
        e = await Assert.ThrowsAsync<ArgumentException>(
            () => new MiniBatchKMeans(all).FitAsync(VectorStream.From(_set.Source), _blocks, cancellationToken: Cancellation));
        Assert.Contains("sample fewer rows, or raise StreamOptions.MemoryLimit", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reading_waits_for_the_work()
    {
        // While the first block is looked at, no more than it, the next, and what is on its way have been read.
        long read = 0, readAtFirst = -1;
        var stream = new TestStream(_set.Rows, Dimension, [10]) { Before = (_, row) => Volatile.Write(ref read, row) };
        await foreach (int[] labels in new MiniBatchKMeans(_options).Fit(_set.Array).Model.PredictAsync(stream, _blocks, Cancellation))
        {
            if (readAtFirst < 0)
            {
                await Task.Delay(200, Cancellation);
                readAtFirst = Volatile.Read(ref read);
                Assert.InRange(readAtFirst, 1600, (3 * 1616) + 20);
            }
        }

        Assert.Equal(9990, read);
    }
}
