using GpuKMeans.Spatial.Tests.GeoParquet;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial.Tests.Batches;

/// <summary>A file written by batches is the file written at once; whatever fails, the old one is whole.</summary>
public sealed class BatchedGeoParquetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(new[] { 1000 })]
    [InlineData(new[] { 1 })]
    [InlineData(new[] { 300 })]
    [InlineData(new[] { 7, 0, 299, 1 })]
    [InlineData(new[] { 650, 3 })]
    public async Task The_bytes_are_those_of_a_file_written_at_once(int[] sizes)
    {
        foreach (ClusteredFeatures features in new[] { Mixed(1000), WithoutGeometry(1000) })
        {
            var options = new GeoParquetOptions { RowGroupSize = 300 };
            await new GeoParquetExporter(_folder.File("whole.parquet"), options).ExportAsync(features, Cancellation);
            await new GeoParquetExporter(_folder.File("cut.parquet"), options).ExportAsync(Batch.Cut(features, sizes), Cancellation);
            Assert.Equal(File.ReadAllBytes(_folder.File("whole.parquet")), File.ReadAllBytes(_folder.File("cut.parquet")));
        }

        Assert.Equal(["cut.parquet", "whole.parquet"], _folder.Files().Order());
    }

    [Fact]
    public async Task A_batch_of_no_rows_makes_the_file_of_no_rows()
    {
        await new GeoParquetExporter(_folder.File("whole.parquet")).ExportAsync(Mixed(0), Cancellation);
        await new GeoParquetExporter(_folder.File("cut.parquet")).ExportAsync(Batch.Then(null, Mixed(0), Mixed(0)), Cancellation);
        Assert.Equal(File.ReadAllBytes(_folder.File("whole.parquet")), File.ReadAllBytes(_folder.File("cut.parquet")));
    }

    [Fact]
    public async Task No_batch_at_all_is_refused()
    {
        var e = await Assert.ThrowsAsync<ArgumentException>(() => Export(Batch.Then(null)));
        Assert.StartsWith("There is no batch", e.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.Files());
    }

    [Fact]
    public async Task A_batch_that_differs_from_the_first_is_refused_by_its_first_row()
    {
        ClusteredFeatures first = Mixed(250);
        CoordinateReferenceSystem utm = CoordinateReferenceSystem.Parse("EPSG:31983");
        (ClusteredFeatures Batch, string What)[] others =
        [
            (new(FeatureColumn.Create<string>("id", ["a"]), [0], [new Point(0, 0)], first.Crs), "its ids are String"),
            (new(TestFeatures.Ids(1), [0], null, first.Crs), "it has no geometries"),
            (new(TestFeatures.Ids(1), [0], [new Point(0, 0)], utm), "its reference system is another"),
            (new(TestFeatures.Ids(1), [0], [new Point(0, 0)], first.Crs), "it has 0 further columns and the first has 3"),
        ];
        foreach ((ClusteredFeatures other, string what) in others)
        {
            var e = await Assert.ThrowsAsync<ArgumentException>(() => Export(Batch.Then(null, first, first, other)));
            Assert.StartsWith($"The batch that begins with row 500 differs from the first one: {what}.", e.Message, StringComparison.Ordinal);
        }

        ClusteredFeatures swapped = new(
            first.Ids, first.ClusterIds.Values, first.Geometries, first.Crs, [first.Columns[1], first.Columns[0], first.Columns[2]]);
        var order = await Assert.ThrowsAsync<ArgumentException>(() => Export(Batch.Then(null, first, swapped)));
        Assert.Contains("its further column 0 is \"score\", nullable Double", order.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.Files());
    }

    [Fact]
    public async Task A_row_that_cannot_be_written_is_told_by_its_row_group()
    {
        ClusteredFeatures bad = TestFeatures.OfGeometries(null, new Point(0, 0), new Point(double.NaN, double.PositiveInfinity));
        var e = await Assert.ThrowsAsync<ArgumentException>(
            () => Export(Batch.Then(null, Batch.Of(TestFeatures.OfGeometries(null, [.. Enumerable.Repeat(new Point(1, 1), 600)]), 0, 600), bad)));
        Assert.StartsWith("In the rows from 600 on, counted from there: The geometry of row 1 has the coordinate", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Times_of_two_kinds_are_refused_also_in_two_row_groups()
    {
        ClusteredFeatures utc = TestFeatures.OfColumns(300, FeatureColumn.Create("at", Enumerable.Repeat(DateTime.UnixEpoch, 300).ToArray()));
        ClusteredFeatures local = TestFeatures.OfColumns(300, FeatureColumn.Create("at", Enumerable.Repeat(new DateTime(2026, 1, 1), 300).ToArray()));
        var e = await Assert.ThrowsAsync<ArgumentException>(() => Export(Batch.Then(null, utc, local)));
        Assert.Contains("Column \"at\" mixes instants", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_the_batches_end_in_an_error_the_old_file_stands()
    {
        GeoParquetExporter exporter = new(_folder.File("a.parquet"), new GeoParquetOptions { RowGroupSize = 300 });
        exporter.Export(Mixed(5));
        byte[] old = File.ReadAllBytes(exporter.FilePath);
        foreach (bool sorted in new[] { false, true })
        {
            exporter = new(exporter.FilePath, new GeoParquetOptions { RowGroupSize = 300, SpatialOrder = sorted });
            var lost = new InvalidDataException("the source has gone");
            Assert.Same(lost, await Assert.ThrowsAsync<InvalidDataException>(
                () => exporter.ExportAsync(Batch.Then(lost, Mixed(1000), Mixed(1000)), Cancellation)));
            using var cancellation = new CancellationTokenSource();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => exporter.ExportAsync(Cancelling(cancellation), cancellation.Token));
            Assert.Equal(old, File.ReadAllBytes(exporter.FilePath));
            Assert.Equal(["a.parquet"], _folder.Files());
        }

        static async IAsyncEnumerable<ClusteredFeatures> Cancelling(CancellationTokenSource cancellation)
        {
            yield return Mixed(1000);
            await cancellation.CancelAsync();
            yield return Mixed(1000);
        }
    }

    /// <summary>Geometries of many kinds, some absent, and columns of several types.</summary>
    internal static ClusteredFeatures Mixed(int rows)
    {
        var random = new Random(5);
        return new ClusteredFeatures(
            TestFeatures.Ids(rows),
            TestFeatures.Clusters(rows),
            [.. Enumerable.Range(0, rows).Select(i => (i % 5) switch
            {
                0 => null,
                1 => TestFeatures.Wkt("POLYGON ((0 0, 3 0, 3 3, 0 0))"),
                2 => TestFeatures.Wkt("POINT EMPTY"),
                _ => (Geometry)new Point((random.NextDouble() * 360) - 180, (random.NextDouble() * 180) - 90),
            })],
            CoordinateReferenceSystem.Parse("EPSG:4326"),
            [
                FeatureColumn.Create("name", Enumerable.Range(0, rows).Select(i => i % 3 == 0 ? null! : $"row {i}").ToArray()),
                FeatureColumn.Create("score", Enumerable.Range(0, rows).Select(i => i % 4 == 0 ? (double?)null : i / 7.0).ToArray()),
                FeatureColumn.Create("at", Enumerable.Range(0, rows).Select(i => DateTime.UnixEpoch.AddHours(i)).ToArray()),
            ]);
    }

    private static ClusteredFeatures WithoutGeometry(int rows) =>
        TestFeatures.OfColumns(rows, FeatureColumn.Create("key", Enumerable.Range(0, rows).Select(i => new Guid(i, 0, 0, new byte[8])).ToArray()));

    private Task Export(IAsyncEnumerable<ClusteredFeatures> batches) =>
        new GeoParquetExporter(_folder.File("a.parquet"), new GeoParquetOptions { RowGroupSize = 300 }).ExportAsync(batches, Cancellation);
}
