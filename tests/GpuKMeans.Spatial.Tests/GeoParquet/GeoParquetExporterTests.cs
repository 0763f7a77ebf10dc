using System.Text;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial.Tests.GeoParquet;

public sealed class GeoParquetExporterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Sync_and_async_write_the_same_bytes()
    {
        ClusteredFeatures features = TestFeatures.Diagonal(1000);
        var options = new GeoParquetOptions { RowGroupSize = 300 };
        new GeoParquetExporter(_folder.File("sync.parquet"), options).Export(features);
        await new GeoParquetExporter(_folder.File("async.parquet"), options).ExportAsync(features);
        Assert.Equal(File.ReadAllBytes(_folder.File("sync.parquet")), File.ReadAllBytes(_folder.File("async.parquet")));
    }

    [Fact]
    public void An_exporter_can_be_used_again_and_writes_the_same_bytes()
    {
        var exporter = new GeoParquetExporter(_folder.File("a.parquet"));
        exporter.Export(TestFeatures.Diagonal(10));
        byte[] first = File.ReadAllBytes(exporter.FilePath);
        exporter.Export(TestFeatures.Diagonal(10));
        Assert.Equal(first, File.ReadAllBytes(exporter.FilePath));
        Assert.Equal(["a.parquet"], _folder.Files());
    }

    [Fact]
    public void An_existing_file_is_refused_when_it_is_not_to_be_overwritten()
    {
        var exporter = new GeoParquetExporter(_folder.File("a.parquet"), new GeoParquetOptions { Overwrite = false });
        exporter.Export(TestFeatures.Diagonal(10));
        byte[] first = File.ReadAllBytes(exporter.FilePath);
        var e = Assert.Throws<IOException>(() => exporter.Export(TestFeatures.Diagonal(20)));
        Assert.Equal($"The file \"{exporter.FilePath}\" exists and Overwrite is false.", e.Message);
        Assert.Equal(first, File.ReadAllBytes(exporter.FilePath));
    }

    [Fact]
    public void A_folder_that_does_not_exist_is_named()
    {
        string folder = _folder.File("missing");
        var exporter = new GeoParquetExporter(Path.Combine(folder, "a.parquet"));
        var e = Assert.Throws<DirectoryNotFoundException>(() => exporter.Export(TestFeatures.Diagonal(1)));
        Assert.Contains($"the folder \"{folder}\" does not exist", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_no_file()
    {
        string folder = Directory.CreateDirectory(_folder.File("folder")).FullName;
        var e = Assert.Throws<IOException>(() => new GeoParquetExporter(folder).Export(TestFeatures.Diagonal(1)));
        Assert.Equal($"\"{folder}\" is a folder: a file's name is needed.", e.Message);
    }

    [Fact]
    public void A_link_stays_a_link_and_what_it_points_to_is_replaced()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links takes a privilege on Windows.");
        File.WriteAllText(_folder.File("target.parquet"), "old");
        File.CreateSymbolicLink(_folder.File("link.parquet"), _folder.File("target.parquet"));
        new GeoParquetExporter(_folder.File("link.parquet")).Export(TestFeatures.Diagonal(1));
        Assert.NotNull(new FileInfo(_folder.File("link.parquet")).LinkTarget);
        Assert.Equal("PAR1"u8, File.ReadAllBytes(_folder.File("target.parquet")).AsSpan(0, 4));
    }

    [Theory]
    [InlineData("geometry")]
    [InlineData("GEOMETRY")]
    [InlineData("bbox")]
    public void A_further_column_cannot_take_a_name_of_ours(string name)
    {
        var features = new ClusteredFeatures(
            TestFeatures.Ids(1), [0], [new Point(1, 2)], columns: [FeatureColumn.Create<int>(name, [1])]);
        var e = Refused<ArgumentException>(features);
        Assert.Contains($"cannot be named \"{name}\"", e.Message, StringComparison.Ordinal);
        Assert.Contains("id, cluster_id, bbox, geometry", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("id")]
    [InlineData("Cluster_Id")]
    [InlineData("bbox")]
    public void The_geometry_column_cannot_take_the_name_of_another(string name)
    {
        var e = Refused<ArgumentException>(TestFeatures.Diagonal(1), new GeoParquetOptions { GeometryColumn = name });
        Assert.Contains($"geometry column cannot be named \"{name}\"", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_covering_its_name_is_free()
    {
        var features = new ClusteredFeatures(
            TestFeatures.Ids(1), [0], [new Point(1, 2)], columns: [FeatureColumn.Create<int>("bbox", [1])]);
        new GeoParquetExporter(_folder.File("a.parquet"), new GeoParquetOptions { BboxCovering = false }).Export(features);
        Assert.Equal(["a.parquet"], _folder.Files());
    }

    [Fact]
    public void Instants_and_times_of_no_zone_do_not_mix()
    {
        var column = FeatureColumn.Create<DateTime?>("seen", [new DateTime(2024, 1, 1), null, new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc)]);
        var e = Refused<ArgumentException>(TestFeatures.OfColumns(3, column));
        Assert.Contains("\"seen\" mixes instants", e.Message, StringComparison.Ordinal);
        Assert.Contains("row 2 is the first to differ, its kind is Utc", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused_by_column_and_row()
    {
        var column = FeatureColumn.Create<string>("name", ["good", "bad \uD83C"]);
        var e = Refused<ArgumentException>(TestFeatures.OfColumns(2, column));
        Assert.Contains("column \"name\" in row 1 is not valid UTF-16", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_id_that_was_made_null_in_the_meantime_is_refused_by_the_row()
    {
        int?[] numbers = [1, 2, 3];
        string?[] texts = ["a", "b", "c"];
        var byNumber = new ClusteredFeatures(FeatureColumn.Create("id", numbers), [0, 0, 0]);
        var byText = new ClusteredFeatures(FeatureColumn.Create("id", texts), [0, 0, 0]);
        (numbers[1], texts[2]) = (null, null);
        Assert.Contains("id of row 1 is null", Refused<ArgumentException>(byNumber).Message, StringComparison.Ordinal);
        Assert.Contains("id of row 2 is null", Refused<ArgumentException>(byText).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Measures_are_refused_by_the_row()
    {
        var e = Refused<ArgumentException>(TestFeatures.OfGeometries(null, new Point(0, 0), null, new Point(new CoordinateM(1, 2, 3))));
        Assert.Contains("row 2 has measures (M)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Curves_are_refused_by_the_row_also_inside_a_collection()
    {
        var e = Refused<ArgumentException>(TestFeatures.OfGeometries(null, new Point(0, 0), new GeometryCollection([new Arc()])));
        Assert.Contains("row 1 is or holds a CircularString", e.Message, StringComparison.Ordinal);
    }

    private T Refused<T>(ClusteredFeatures features, GeoParquetOptions? options = null)
        where T : Exception
    {
        byte[] old = Encoding.UTF8.GetBytes("what was there");
        string path = _folder.File("a.parquet");
        File.WriteAllBytes(path, old);
        var e = Assert.Throws<T>(() => new GeoParquetExporter(path, options).Export(features));
        Assert.Equal(old, File.ReadAllBytes(path));
        Assert.Equal(["a.parquet"], _folder.Files());
        return e;
    }

    // Libraries for curves derive their types like this.
    private sealed class Arc() : LineString([new(0, 0), new(1, 1), new(2, 0)])
    {
        public override OgcGeometryType OgcGeometryType => OgcGeometryType.CircularString;

        public override string GeometryType => "CircularString";
    }
}
