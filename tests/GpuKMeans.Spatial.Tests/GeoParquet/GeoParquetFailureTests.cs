using System.Collections;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial.Tests.GeoParquet;

/// <summary>Whatever fails while a file is written, the old file is whole and nothing else is left.</summary>
public sealed class GeoParquetFailureTests : IDisposable
{
    private const int Rows = 1000;

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _old;

    public GeoParquetFailureTests()
    {
        Exporter = new GeoParquetExporter(_folder.File("a.parquet"), new GeoParquetOptions { RowGroupSize = 100 });
        Exporter.Export(TestFeatures.Diagonal(7));
        _old = File.ReadAllBytes(Exporter.FilePath);
    }

    private GeoParquetExporter Exporter { get; }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task When_a_row_cannot_be_read()
    {
        ClusteredFeatures features = Features(row => row == 555 ? throw new InvalidDataException("row 555") : new Point(row, row));
        Assert.Throws<InvalidDataException>(() => Exporter.Export(features));
        CheckOldFile();
        await Assert.ThrowsAsync<InvalidDataException>(() => Exporter.ExportAsync(features));
        CheckOldFile();
    }

    [Fact]
    public async Task When_it_is_cancelled_on_the_way()
    {
        foreach (bool wait in new[] { false, true })
        {
            using var cancellation = new CancellationTokenSource();
            int files = 0;
            ClusteredFeatures features = Features(row =>
            {
                if (row == 555)
                {
                    files = _folder.Files().Length;
                    cancellation.Cancel();
                }

                return new Point(row, row);
            });
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                if (wait)
                {
                    await Exporter.ExportAsync(features, cancellation.Token);
                }
                else
                {
                    Exporter.Export(features, cancellation.Token);
                }
            });
            Assert.Equal(2, files);
            CheckOldFile();
        }
    }

    [Fact]
    public void When_it_is_cancelled_before_it_starts()
    {
        Assert.Throws<OperationCanceledException>(() => Exporter.Export(TestFeatures.Diagonal(10), new CancellationToken(canceled: true)));
        CheckOldFile();
    }

    [Fact]
    public async Task When_the_disk_is_full()
    {
        using var disk = new SmallDisk(_folder.File("disk"), "64k");
        var exporter = new GeoParquetExporter(
            Path.Combine(disk.Folder, "a.parquet"), new GeoParquetOptions { Compression = ParquetCompression.Uncompressed });
        exporter.Export(TestFeatures.Diagonal(7));
        byte[] old = File.ReadAllBytes(exporter.FilePath);
        Assert.Throws<IOException>(() => exporter.Export(TestFeatures.Diagonal(10_000)));
        await Assert.ThrowsAsync<IOException>(() => exporter.ExportAsync(TestFeatures.Diagonal(10_000)));
        Assert.Equal(old, File.ReadAllBytes(exporter.FilePath));
        Assert.Equal(["a.parquet"], disk.Files());
    }

    private static ClusteredFeatures Features(Func<int, Geometry?> geometry) =>
        new(TestFeatures.Ids(Rows), TestFeatures.Clusters(Rows), new ComputedList(Rows, geometry));

    private void CheckOldFile()
    {
        Assert.Equal(_old, File.ReadAllBytes(Exporter.FilePath));
        Assert.Equal(["a.parquet"], _folder.Files());
    }

    private sealed class ComputedList(int count, Func<int, Geometry?> compute) : IReadOnlyList<Geometry?>
    {
        public int Count => count;

        public Geometry? this[int index] => compute(index);

        public IEnumerator<Geometry?> GetEnumerator() => Enumerable.Range(0, count).Select(compute).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
