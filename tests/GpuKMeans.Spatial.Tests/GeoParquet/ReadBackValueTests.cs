using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace GpuKMeans.Spatial.Tests.GeoParquet;

[Collection(ReadBackGroup.Name)]
public sealed class ReadBackValueTests(ReadBackFixture files)
{
    public static TheoryData<ParquetCompression> Compressions { get; } = [.. Enum.GetValues<ParquetCompression>()];

    public static TheoryData<string> EveryColumn { get; } = [.. ReadBackCases.EveryType.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(EveryColumn))]
    public void A_column_of_every_type_reads_back_as_it_was_written(string name)
    {
        FeatureColumn column = ReadBackCases.EveryType.Single(c => c.Name == name);
        var written = Enumerable.Range(0, column.Count).Select(row => Json.Plain(column[row]));
        Json.Equal(written, files.Read("every type").GetProperty("rows").Column(name));
    }

    [Fact]
    public void DuckDB_sees_the_type_of_every_column()
    {
        var types = files.Read("every type").GetProperty("sql").GetProperty("types").EnumerateArray()
            .ToDictionary(r => r.GetProperty("column_name").GetString()!, r => r.GetProperty("column_type").GetString()!);
        var expected = new Dictionary<string, string>
        {
            ["id"] = "INTEGER", ["cluster_id"] = "INTEGER", ["bool"] = "BOOLEAN", ["bool_null"] = "BOOLEAN",
            ["int"] = "INTEGER", ["int_null"] = "INTEGER", ["long"] = "BIGINT", ["long_null"] = "BIGINT",
            ["float"] = "FLOAT", ["float_null"] = "FLOAT", ["double"] = "DOUBLE", ["double_null"] = "DOUBLE",
            ["string"] = "VARCHAR", ["guid"] = "UUID", ["guid_null"] = "UUID", ["date"] = "DATE", ["date_null"] = "DATE",
            ["local_time"] = "TIMESTAMP", ["instant"] = "TIMESTAMP WITH TIME ZONE",
            ["offset"] = "TIMESTAMP WITH TIME ZONE", ["offset_null"] = "TIMESTAMP WITH TIME ZONE", ["bytes"] = "BLOB",
        };
        Assert.Equal(expected, types);
    }

    [Fact]
    public void DuckDB_sees_times_to_the_microsecond()
    {
        JsonElement rows = files.Read("every type").GetProperty("sql").GetProperty("rows");
        Json.Equal(new[] { "2024-02-29 01:02:03.004005", "1969-12-31 23:59:59.999999", "0001-01-01 00:00:00" }, rows.Column("local_time"));
        Json.Equal(new[] { "2024-02-29 01:02:03+00", null, "2024-02-29 01:02:03+00" }, rows.Column("instant"));
        Json.Equal(new[] { null, "1969-12-31 23:59:59.999+00", null }, rows.Column("offset_null"));
        Json.Equal(new[] { "0001-01-01", null, "9999-12-31" }, rows.Column("date_null"));
    }

    [Theory]
    [InlineData("int ids")]
    [InlineData("long ids")]
    [InlineData("string ids")]
    [InlineData("guid ids")]
    public void Ids_of_every_type_read_back(string name)
    {
        ClusteredFeatures features = ReadBackCases.All[name].Features;
        JsonElement rows = files.Read(name).GetProperty("rows");
        Json.Equal(Enumerable.Range(0, features.Count).Select(row => Json.Plain(features.Ids[row])), rows.Column("id"));
        Json.Equal(features.ClusterIds.Values, rows.Column("cluster_id"));
    }

    [Fact]
    public void Ids_and_cluster_ids_are_required_and_nullable_columns_are_optional()
    {
        var repetition = files.Read("every type").GetProperty("metadata").GetProperty("schema").EnumerateArray()
            .ToDictionary(e => e.GetProperty("name").GetString()!, e => e.GetProperty("repetition_type").GetString());
        Assert.Equal("REQUIRED", repetition["id"]);
        Assert.Equal("REQUIRED", repetition["cluster_id"]);
        Assert.All(ReadBackCases.EveryType, c => Assert.Equal(c.IsNullable ? "OPTIONAL" : "REQUIRED", repetition[c.Name]));
        var textIds = files.Read("string ids").GetProperty("metadata").GetProperty("schema")[1];
        Assert.Equal("REQUIRED", textIds.GetProperty("repetition_type").GetString());
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Rows_of_several_row_groups_read_back(ParquetCompression compression)
    {
        JsonElement answer = files.Read($"row groups, {compression}");
        var expected = Enumerable.Range(0, 1000)
            .Select(i => new { id = $"row {i}", cluster_id = i % 3, bbox = new { xmin = i, ymin = i, xmax = i, ymax = i } });
        Json.Equal(expected, answer.GetProperty("sql").GetProperty("rows"));
        Json.Equal(expected.Select(e => e.id), answer.GetProperty("rows").Column("id"));
        Json.Equal(new[] { "300", "300", "300", "100" }, answer.GetProperty("metadata").GetProperty("row_groups").Column("num_rows"));
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Bytes_of_any_size_and_pattern_read_back(ParquetCompression compression)
    {
        JsonElement answer = files.Read($"hard to compress, {compression}");
        Json.Equal(ReadBackCases.HardToCompress.Select(Convert.ToHexString), answer.GetProperty("rows").Column("data"));
        Json.Equal(ReadBackCases.HardToCompress.Select(Md5), answer.GetProperty("sql").GetProperty("rows").Column("md5"));
    }

    [Fact]
    public void Values_larger_than_a_page_read_back()
    {
        JsonElement answer = files.Read("large values");
        var texts = ReadBackCases.LargeTexts();
        Json.Equal(texts, answer.GetProperty("rows").Column("text"));
        Json.Equal(texts.Select(t => t is null ? null : Md5(Encoding.UTF8.GetBytes(t))), answer.GetProperty("sql").GetProperty("rows").Column("md5"));
    }

    [Fact]
    public void Runs_of_nulls_of_any_length_read_back()
    {
        JsonElement answer = files.Read("runs of nulls");
        var booleans = ReadBackCases.RunsOfNulls.Select(v => v is null ? (bool?)null : v < 0);
        foreach (JsonElement rows in new[] { answer.GetProperty("rows"), answer.GetProperty("sql").GetProperty("rows") })
        {
            Json.Equal(ReadBackCases.RunsOfNulls, rows.Column("int"));
            Json.Equal(booleans, rows.Column("bool"));
        }
    }

    [Fact]
    public void Repeating_values_read_back_from_a_dictionary()
    {
        foreach (FeatureColumn<string?> column in ReadBackCases.RepeatingValues.Cast<FeatureColumn<string?>>())
        {
            Assert.True(HasDictionary("repeating values", column.Name), column.Name);
            Json.Equal(column.Values, files.Read("repeating values").GetProperty("rows").Column(column.Name));
            Json.Equal(column.Values, files.Read("repeating values").GetProperty("sql").GetProperty("rows").Column(column.Name));
        }
    }

    [Theory]
    [InlineData("kept", true)]
    [InlineData("given up", false)]
    public void Many_values_read_back_with_a_dictionary_or_without(string name, bool dictionary)
    {
        var column = (FeatureColumn<long>)ReadBackCases.ManyValues.Single(c => c.Name == name);
        Assert.Equal(dictionary, HasDictionary("many values", name));
        Json.Equal(column.Values.Select(v => $"{v}"), files.Read("many values").GetProperty("rows").Column(name));
        Json.Equal(column.Values.Select(v => $"{v}"), files.Read("many values").GetProperty("sql").GetProperty("rows").Column(name));
    }

    [Fact]
    public void Cluster_ids_have_a_dictionary_and_ids_that_never_repeat_have_none()
    {
        Assert.True(HasDictionary("row groups, Gzip", "cluster_id"));
        Assert.False(HasDictionary("row groups, Gzip", "id"));
    }

    [Fact]
    public void A_file_without_rows_reads_back_empty()
    {
        JsonElement answer = files.Read("no rows");
        Assert.Equal(0, answer.GetProperty("rows").GetArrayLength());
        Assert.Equal(0, answer.GetProperty("sql").GetProperty("rows").GetArrayLength());
    }

    // The dictionary's page comes first, then those of the rows.
    private bool HasDictionary(string file, string column)
    {
        JsonElement chunk = files.Read(file).GetProperty("metadata").GetProperty("row_groups")[0].GetProperty("columns").Column("meta_data")
            .EnumerateArray().Single(c => c.GetProperty("path_in_schema")[0].GetString() == column);
        if (chunk.GetProperty("dictionary_page_offset").GetString() is not string dictionary)
        {
            return false;
        }

        string rows = chunk.GetProperty("data_page_offset").GetString()!;
        Assert.True(long.Parse(dictionary, CultureInfo.InvariantCulture) < long.Parse(rows, CultureInfo.InvariantCulture));
        return true;
    }

    private static string Md5(byte[] bytes) =>
#pragma warning disable CA5351 // A checksum that DuckDB has too.
        Convert.ToHexStringLower(MD5.HashData(bytes));
#pragma warning restore CA5351
}
