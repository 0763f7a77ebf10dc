using GpuKMeans.Spatial.Tests.GeoParquet;

namespace GpuKMeans.Spatial.Tests.Sources;

/// <summary>Whatever ends the way from a source to a file, the error says where, the old file stands and all is let go.</summary>
public sealed class StreamFailureTests : IDisposable
{
    private const int Rows = 20_000;

    private readonly TemporaryFolder _folder = new();
    private readonly KMeansClusteringTool _tool = new(new KMeansOptions { ClusterCount = 3, BatchSize = 128, Device = Device.Cpu });

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_source_that_ends_in_an_error(bool sorted)
    {
        // In training, and in labelling: when the second file is partly written.
        foreach (int reading in new[] { 1, 2, await Readings() })
        {
            var lost = new InvalidDataException("the source has gone");
            var source = new TestSource(Rows) { OnBatch = (at, row) => Fail(at == reading && row == 15_000, lost) };
            Assert.Same(lost, await Refused<InvalidDataException>(source, sorted));
        }

        static void Fail(bool now, Exception error)
        {
            if (now)
            {
                throw error;
            }
        }
    }

    [Fact]
    public async Task A_value_that_is_no_number_far_in()
    {
        var source = new TestSource(Rows) { Values = (_, start, values) => Spoilt(start, values) };
        var e = await Refused<ArgumentException>(source);
        Assert.Contains("row 15042", e.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("column 1", e.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_value_that_is_no_number_in_the_last_reading_alone()
    {
        int last = await Readings();
        var source = new TestSource(Rows) { Values = (reading, start, values) => reading == last ? Spoilt(start, values) : values };
        var e = await Refused<ArgumentException>(source);
        Assert.StartsWith("In the rows from 15000 on, counted from there: ", e.Message, StringComparison.Ordinal);
        Assert.Contains("row 42", e.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_batch_with_vectors_of_another_length()
    {
        var source = new TestSource(Rows) { Values = (_, start, values) => start == 15_000 ? values[..^2] : values };
        var e = await Refused<ArgumentException>(source);
        Assert.StartsWith(
            "The batch that begins with row 15000 has 100 rows and 198 values in its vectors: 2 a row are needed.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancellation_in_each_reading()
    {
        foreach (int reading in new[] { 1, await Readings() })
        {
            using var stop = new CancellationTokenSource();
            var source = new TestSource(Rows)
            {
                OnBatch = (at, row) =>
                {
                    if (at == reading && row == 15_000)
                    {
                        stop.Cancel();
                    }
                },
            };
            await Refused<OperationCanceledException>(source, cancellationToken: stop.Token);
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_disk_that_is_full(bool sorted)
    {
        using var disk = new SmallDisk(_folder.File("disk"), "2m");
        string path = Path.Combine(disk.Folder, "a.parquet");
        var options = new GeoParquetOptions
        {
            Compression = ParquetCompression.Uncompressed, RowGroupSize = 5000, SpatialOrder = sorted, SortMemory = 16 << 20,
        };
        await _tool.ExportToParquetAsync(_tool.RunAsync(new TestSource(50), cancellationToken: Cancellation), path, options, Cancellation);
        byte[] old = File.ReadAllBytes(path);

        var source = new TestSource(150_000, 1000);
        var e = await Assert.ThrowsAsync<IOException>(() => _tool.ExportToParquetAsync(
            _tool.RunAsync(source, cancellationToken: Cancellation), path, options, Cancellation));
        Assert.Contains("No space left on device", e.Message, StringComparison.Ordinal);
        Assert.Equal(old, File.ReadAllBytes(path));
        Assert.Equal(["a.parquet"], disk.Files());
        Assert.Equal(0, source.Open);
    }

    [Fact]
    public void A_file_of_vectors_that_was_cut_off()
    {
        string path = _folder.File("vectors.fbin");
        RunAsyncTests.WriteVectors(path, Rows);
        using (FileStream file = File.OpenWrite(path))
        {
            file.SetLength(file.Length - 5);
        }

        var e = Assert.Throws<InvalidDataException>(() => VectorFile.Open(path));
        Assert.Contains(path, e.Message, StringComparison.Ordinal);
    }

    /// <summary>How often a source is read: the last time to label.</summary>
    private async Task<int> Readings()
    {
        var source = new TestSource(Rows);
        await Export(source, "other.parquet", false, Cancellation);
        File.Delete(_folder.File("other.parquet"));
        return source.Readings;
    }

    private Task Export(TestSource source, string file, bool sorted, CancellationToken cancellationToken) => _tool.ExportToParquetAsync(
        _tool.RunAsync(source, cancellationToken: cancellationToken),
        _folder.File(file),
        new GeoParquetOptions { RowGroupSize = 2000, SpatialOrder = sorted },
        cancellationToken);

    private async Task<TError> Refused<TError>(TestSource source, bool sorted = false, CancellationToken? cancellationToken = null)
        where TError : Exception
    {
        if (!File.Exists(_folder.File("a.parquet")))
        {
            await Export(new TestSource(50), "a.parquet", false, Cancellation);
        }

        byte[] old = File.ReadAllBytes(_folder.File("a.parquet"));
        TError error = await Assert.ThrowsAnyAsync<TError>(() => Export(source, "a.parquet", sorted, cancellationToken ?? Cancellation));
        Assert.Equal(old, File.ReadAllBytes(_folder.File("a.parquet")));
        Assert.Equal(["a.parquet"], _folder.Files());
        Assert.Equal(0, source.Open);
        return error;
    }

    private static float[] Spoilt(long start, float[] values)
    {
        if (start == 15_000)
        {
            values[(42 * 2) + 1] = float.NaN;
        }

        return values;
    }
}
