using System.Text.Json;
using GpuKMeans.Spatial.Tests.GeoParquet;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial.Tests.Batches;

/// <summary>Rows along a Hilbert curve.</summary>
public sealed class SpatialOrderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_curve_passes_from_cell_to_neighbouring_cell()
    {
        // 64×64 cells of one binary order of magnitude, where the order of bits is a regular grid.
        var cells = Enumerable.Range(0, 64 * 64).Select(i => (X: 1 + (i % 64 / 64.0), Y: 1 + (i / 64 / 64.0)))
            .OrderBy(cell => HilbertOrder.PlaceOf(new Point(cell.X, cell.Y))).ToArray();
        Assert.All(cells.Zip(cells.Skip(1)), pair => Assert.Equal(
            1 / 64.0, Math.Abs(pair.First.X - pair.Second.X) + Math.Abs(pair.First.Y - pair.Second.Y)));
    }

    [Fact]
    public async Task Batches_are_sorted_as_the_whole_is_also_through_several_files()
    {
        // Some 20 MB of rows against the least memory allowed.
        ClusteredFeatures features = BatchedGeoParquetTests.Mixed(250_000);
        var options = new GeoParquetOptions { SpatialOrder = true, SortMemory = 16 << 20, RowGroupSize = 40_000 };
        await new GeoParquetExporter(_folder.File("whole.parquet"), options).ExportAsync(features, Cancellation);
        new GeoParquetExporter(_folder.File("sync.parquet"), options).Export(features, Cancellation);
        int files = 0;
        await new GeoParquetExporter(_folder.File("cut.parquet"), options).ExportAsync(Counting(Batch.Cut(features, 5000, 33)), Cancellation);
        Assert.InRange(files, 4, 100);
        Assert.Equal(File.ReadAllBytes(_folder.File("whole.parquet")), File.ReadAllBytes(_folder.File("sync.parquet")));
        Assert.Equal(File.ReadAllBytes(_folder.File("whole.parquet")), File.ReadAllBytes(_folder.File("cut.parquet")));
        Assert.Equal(["cut.parquet", "sync.parquet", "whole.parquet"], _folder.Files().Order());

        async IAsyncEnumerable<ClusteredFeatures> Counting(IAsyncEnumerable<ClusteredFeatures> batches)
        {
            await foreach (ClusteredFeatures batch in batches)
            {
                files = Math.Max(files, _folder.Files().Length);
                yield return batch;
            }
        }
    }

    [Fact]
    public async Task A_window_meets_few_row_groups()
    {
        var random = new Random(1);
        ClusteredFeatures features = TestFeatures.OfGeometries(
            CoordinateReferenceSystem.Parse("EPSG:4326"),
            [.. Enumerable.Range(0, 20_000).Select(_ => new Point((random.NextDouble() * 360) - 180, (random.NextDouble() * 180) - 90))]);
        var requests = new List<ReadRequest>();
        foreach (bool sorted in new[] { false, true })
        {
            string file = _folder.File($"{sorted}.parquet");
            var options = new GeoParquetOptions { RowGroupSize = 500, SpatialOrder = sorted };
            await new GeoParquetExporter(file, options).ExportAsync(Batch.Cut(features, 777), Cancellation);
            requests.Add(new ReadRequest($"{sorted}", file, new Dictionary<string, string> { ["groups"] = """
                SELECT count(*)::INTEGER AS n FROM (
                  SELECT row_group_id,
                    max(CASE WHEN path_in_schema LIKE '%xmin' THEN stats_min_value::DOUBLE END) AS x0,
                    max(CASE WHEN path_in_schema LIKE '%xmax' THEN stats_max_value::DOUBLE END) AS x1,
                    max(CASE WHEN path_in_schema LIKE '%ymin' THEN stats_min_value::DOUBLE END) AS y0,
                    max(CASE WHEN path_in_schema LIKE '%ymax' THEN stats_max_value::DOUBLE END) AS y1
                  FROM parquet_metadata($file) GROUP BY row_group_id)
                WHERE x0 <= 20 AND x1 >= 10 AND y0 <= 20 AND y1 >= 10
                """, ["rows"] = "SELECT count(DISTINCT id)::INTEGER AS n FROM $file" }));
        }

        (JsonElement answers, string? unavailable) = await IndependentReaders.ReadAsync(requests);
        Assert.SkipWhen(unavailable is not null, unavailable ?? "");
        Assert.Equal(40, Answer("False", "groups"));
        Assert.InRange(Answer("True", "groups"), 1, 4);
        Assert.Equal(20_000, Answer("True", "rows"));

        int Answer(string name, string query) =>
            answers.GetProperty(name).GetProperty("sql").GetProperty(query)[0].GetProperty("n").GetInt32();
    }

    [Fact]
    public void Too_little_memory_to_sort_in_is_refused()
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(
            () => new GeoParquetExporter(_folder.File("a.parquet"), new GeoParquetOptions { SortMemory = 1000 }));
        Assert.Equal("SortMemory", e.ParamName);
    }
}
