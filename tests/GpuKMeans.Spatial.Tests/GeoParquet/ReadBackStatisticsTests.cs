using System.Text.Json;

namespace GpuKMeans.Spatial.Tests.GeoParquet;

[Collection(ReadBackGroup.Name)]
public sealed class ReadBackStatisticsTests(ReadBackFixture files)
{
    [Theory]
    [InlineData("int ids", "1", "3")]
    [InlineData("long ids", "-1", "9223372036854775807")]
    [InlineData("string ids", "z", "\U0001F30D")]
    [InlineData("guid ids", "00112233-4455-6677-8899-aabbccddeeff", "ffffffff-ffff-ffff-ffff-ffffffffffff")]
    public void The_range_of_ids_is_told(string name, string min, string max) =>
        Assert.Equal((min, max, "0"), Range(name, 0, "id"));

    [Fact]
    public void The_range_of_long_texts_is_not_told() => Assert.Equal((null, null, "0"), Range("long string ids", 0, "id"));

    [Fact]
    public void Each_row_group_tells_the_range_of_ids_clusters_and_boxes()
    {
        const string File = "row groups, Gzip";
        Assert.Equal(("row 0", "row 99", "0"), Range(File, 0, "id"));
        Assert.Equal(("row 900", "row 999", "0"), Range(File, 3, "id"));
        Assert.Equal(("0", "2", "0"), Range(File, 2, "cluster_id"));
        Assert.Equal(("-0.0", "299.0", "0"), Range(File, 0, "bbox, xmin"));
        Assert.Equal(("300.0", "599.0", "0"), Range(File, 1, "bbox, ymax"));
        Assert.Equal((null, null, "0"), Range(File, 1, "geometry"));
    }

    [Fact]
    public void Boxes_of_empty_geometries_count_as_null_and_leave_no_mark_on_the_range()
    {
        Assert.Equal(("3.0", "3.0", "7"), Range("empty and null", 0, "bbox, xmax"));
        Assert.Equal((null, null, "2"), Range("empty and null", 0, "geometry"));
    }

    [Fact]
    public void Zeros_bound_a_range_with_the_sign_that_holds_both_and_a_NaN_leaves_none()
    {
        // −0 is the least of the column "float": its 0.0 could not be told apart from a reader's −0.
        Assert.Equal(("-0.0", "3.4028235e+38", "0"), Range("every type", 0, "float"));
        Assert.Equal((null, null, "1"), Range("every type", 0, "float_null"));
        Assert.Equal((null, null, "1"), Range("every type", 0, "double_null"));
    }

    [Theory]
    [InlineData("bool_null", "false", "true", "1")]
    [InlineData("long_null", null, null, "3")]
    [InlineData("string", "", "São Paulo, 東京, 🌍", "1")]
    [InlineData("guid_null", "ffeeddcc-bbaa-9988-7766-554433221100", "ffeeddcc-bbaa-9988-7766-554433221100", "2")]
    [InlineData("date", "1969-12-31", "2024-02-29", "0")]
    [InlineData("local_time", "0001-01-01 00:00:00", "2024-02-29 01:02:03.004005", "0")]
    [InlineData("bytes", null, null, "1")]
    public void Nulls_are_counted_and_left_out_of_the_range(string column, string? min, string? max, string nulls) =>
        Assert.Equal((min, max, nulls), Range("every type", 0, column));

    [Theory]
    [InlineData(ParquetCompression.Uncompressed, "UNCOMPRESSED")]
    [InlineData(ParquetCompression.Snappy, "SNAPPY")]
    [InlineData(ParquetCompression.Gzip, "GZIP")]
    public void Every_column_is_compressed_as_asked(ParquetCompression compression, string name) => Assert.All(
        Statistics($"row groups, {compression}").EnumerateArray(), c => Assert.Equal(name, c.GetProperty("compression").GetString()));

    private (string? Min, string? Max, string? Nulls) Range(string file, int rowGroup, string column)
    {
        JsonElement statistics = Statistics(file).EnumerateArray().Single(c =>
            c.GetProperty("row_group_id").GetString() == $"{rowGroup}" && c.GetProperty("path_in_schema").GetString() == column);
        return (Text("stats_min_value"), Text("stats_max_value"), Text("stats_null_count"));

        string? Text(string property) => statistics.GetProperty(property).GetString();
    }

    private JsonElement Statistics(string file) => files.Read(file).GetProperty("sql").GetProperty("statistics");
}
