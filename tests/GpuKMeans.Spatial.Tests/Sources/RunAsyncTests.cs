using GpuKMeans.Spatial.Tests.GeoParquet;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial.Tests.Sources;

/// <summary>Rows from sources through the tool.</summary>
public sealed class RunAsyncTests : IDisposable
{
    private const int Rows = 1234;

    private static readonly KMeansOptions Options = new() { ClusterCount = 3, BatchSize = 128, Device = Device.Cpu };

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_kind_of_source_gives_the_file_of_the_same_rows_in_memory()
    {
        long[] ids = [.. Enumerable.Range(0, Rows).Select(i => (long)i)];
        float[][] vectors = [.. ids.Select(TestSource.Vector)];
        Point[] points = [.. ids.Select(id => new Point(id % 360, id % 90))];
        var tool = new KMeansClusteringTool(Options);
        string whole = _folder.File("whole.parquet");
        tool.ExportToParquet(tool.Run(ids, vectors, points), whole);

        WriteVectors(_folder.File("vectors.fbin"), Rows);
        using VectorSource file = VectorFile.Open(_folder.File("vectors.fbin"));
        FeatureBatch[] batches = [Part(0, 700), Part(700, 0), Part(700, Rows - 700)];
        FeatureSource[] sources =
        [
            FeatureSource.From(file, row => row, row => points[row]),
            FeatureSource.FromBatches(batches, 2, canRepeat: true),
            FeatureSource.FromBatches(batches.ToAsyncEnumerable(), 2, count: Rows, canRepeat: true),
        ];
        foreach (FeatureSource source in sources)
        {
            string cut = _folder.File("cut.parquet");
            await tool.ExportToParquetAsync(tool.RunAsync(source, cancellationToken: Cancellation), cut, cancellationToken: Cancellation);
            Assert.Equal(File.ReadAllBytes(whole), File.ReadAllBytes(cut));
        }

        FeatureBatch Part(int start, int count) => FeatureBatch.Create(
            ids[start..(start + count)], vectors[start..(start + count)].SelectMany(v => v).ToArray(), points[start..(start + count)]);
    }

    [Theory, InlineData(600), InlineData(800)]
    public async Task A_source_that_has_other_rows_when_they_are_labelled_is_refused(int rowsThen)
    {
        int reading = 0;
        async IAsyncEnumerable<FeatureBatch> Batches()
        {
            await Task.Yield();
            long[] ids = [.. Enumerable.Range(0, ++reading == 1 ? 700 : rowsThen).Select(i => (long)i)];
            yield return FeatureBatch.Create(ids, ids.SelectMany(TestSource.Vector).ToArray());
        }

        var tool = new KMeansClusteringTool(Options);
        FeatureSource source = FeatureSource.FromBatches(Batches(), 2, canRepeat: true);
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => tool.ExportToParquetAsync(
            tool.RunAsync(source, cancellationToken: Cancellation), _folder.File("a.parquet"), cancellationToken: Cancellation));
        Assert.StartsWith($"The source gave 700 rows in training and {rowsThen} to be labelled", e.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.Files());
    }

    [Fact]
    public async Task Rows_larger_than_the_memory_allowed_come_out_whole()
    {
        var source = new TestSource(100_000, 999);
        var tool = new KMeansClusteringTool(Options);
        var seen = new List<int>();

        // Some 36 bytes a row, by the options: 4 MB for all.
        var reading = new StreamOptions { MemoryLimit = 400_000 };
        await foreach (ClusteredFeatures batch in tool.RunAsync(source, reading, cancellationToken: Cancellation))
        {
            Assert.Equal(seen.Count, (long)batch.Ids[0]!);
            Assert.Equal($"row {seen.Count}", batch.Columns[0][0]);
            seen.AddRange(batch.ClusterIds.Values);
        }

        // The heaps are told apart by row mod 3.
        Assert.Equal(100_000, seen.Count);
        Assert.Equal(3, seen.Take(3).Distinct().Count());
        Assert.All(seen.Select((cluster, row) => (cluster, row)), pair => Assert.Equal(seen[pair.row % 3], pair.cluster));
        Assert.Equal(0, source.Open);
    }

    [Fact]
    public async Task Nothing_is_read_before_rows_are_asked_for_and_few_ahead_of_them()
    {
        var source = new TestSource(10_000);
        IAsyncEnumerable<ClusteredFeatures> features = new KMeansClusteringTool(Options).RunAsync(source, cancellationToken: Cancellation);
        Assert.Equal(0, source.Readings);
        long taken = 0;
        await foreach (ClusteredFeatures batch in features)
        {
            taken += batch.Count;
            await Task.Delay(20, Cancellation);
            Assert.InRange(source.RowsGiven - taken, 0, 300);
            if (taken == 1000)
            {
                break;
            }
        }

        Assert.Equal(0, source.Open);
    }

    [Fact]
    public async Task Progress_tells_of_each_phase_to_its_end()
    {
        var reports = new Reports();
        var source = new TestSource(Rows);
        await foreach (ClusteredFeatures _ in new KMeansClusteringTool(Options).RunAsync(source, null, reports, Cancellation))
        {
        }

        Assert.Equal([FitPhase.Checking, FitPhase.Initializing, FitPhase.Training, FitPhase.Labeling], reports.All.Select(r => r.Phase).Distinct());
        FitProgress last = reports.All[^1];
        Assert.Equal((Rows, Rows, Rows), (last.RowsDone, last.RowsTotal, last.RowsTimed));
        Assert.True(last.RowsPerSecond > 0 && last.TimeLeft == TimeSpan.Zero);
        Assert.Equal(13, reports.All.Count(r => r.Phase == FitPhase.Labeling));
    }

    [Fact]
    public void A_source_that_is_read_once_is_refused()
    {
        var tool = new KMeansClusteringTool(Options);
        var e = Assert.Throws<ArgumentException>(() => tool.RunAsync(new TestSource(Rows, canRepeat: false)));
        Assert.StartsWith("The source can be read only once", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Rows of <see cref="TestSource"/> as a file: two counts, then the values.</summary>
    internal static void WriteVectors(string path, int rows)
    {
        using var file = new BinaryWriter(File.Create(path));
        file.Write(rows);
        file.Write(2);
        foreach (float value in Enumerable.Range(0, rows).SelectMany(row => TestSource.Vector(row)))
        {
            file.Write(value);
        }
    }

    private sealed class Reports : IProgress<FitProgress>
    {
        public List<FitProgress> All { get; } = [];

        public void Report(FitProgress value) => All.Add(value);
    }
}
