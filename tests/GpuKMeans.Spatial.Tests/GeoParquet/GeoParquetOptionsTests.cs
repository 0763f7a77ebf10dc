namespace GpuKMeans.Spatial.Tests.GeoParquet;

public sealed class GeoParquetOptionsTests
{
    [Fact]
    public void The_defaults_are_as_documented()
    {
        var expected = new GeoParquetOptions
        {
            Compression = ParquetCompression.Gzip,
            RowGroupSize = 100_000,
            BboxCovering = true,
            GeometryColumn = "geometry",
            Overwrite = true,
        };
        Assert.Equal(expected, new GeoParquetOptions());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public void A_row_group_holds_a_row_at_least(int rows)
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => Exporter(new GeoParquetOptions { RowGroupSize = rows }));
        Assert.Equal("RowGroupSize", e.ParamName);
        Assert.Equal(rows, e.ActualValue);
        Assert.Contains("at least 1 row", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_compression_is_one_that_there_is()
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => Exporter(new GeoParquetOptions { Compression = (ParquetCompression)6 }));
        Assert.Contains("Uncompressed, Snappy, Gzip", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_geometry_column_has_a_name()
    {
        var e = Assert.Throws<ArgumentException>(() => Exporter(new GeoParquetOptions { GeometryColumn = "" }));
        Assert.Equal("GeometryColumn", e.ParamName);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public void The_path_is_not_empty(string path) =>
        Assert.Equal("path", Assert.Throws<ArgumentException>(() => new GeoParquetExporter(path)).ParamName);

    private static GeoParquetExporter Exporter(GeoParquetOptions options) => new("a.parquet", options);
}
