using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial.Tests.PostGis;

/// <summary>What is refused before there is a connection: the server named here does not exist.</summary>
public sealed class InputTests
{
    private const string Nowhere = "Host=nowhere.invalid;Username=u;Password=hidden";

    [Theory]
    [InlineData(64, "x", 64)]
    [InlineData(22, "地", 66)]
    [InlineData(16, "😀", 64)]
    public void A_name_of_more_than_63_bytes_is_refused_wherever_it_stands(int count, string character, int bytes)
    {
        string name = string.Concat(Enumerable.Repeat(character, count));
        string expected = $"The name \"{name}\" has {bytes} bytes in UTF-8: PostgreSQL keeps at most 63.";
        ArgumentException[] errors =
        [
            Assert.Throws<ArgumentException>(() => new PostGisExporter(Nowhere, name)),
            Assert.Throws<ArgumentException>(() => new PostGisExporter(Nowhere, "t", new() { Schema = name })),
            Assert.Throws<ArgumentException>(() => new PostGisExporter(Nowhere, "t", new() { GeometryColumn = name })),
            Refused(Samples.Columns(FeatureColumn.Create(name, new[] { 1 }))),
        ];
        Assert.All(errors, error => Assert.StartsWith(expected, error.Message, StringComparison.Ordinal));
        Assert.Equal(["tableName", "Schema", "GeometryColumn", "features"], errors.Select(e => e.ParamName));
    }

    [Theory]
    [InlineData("a\0b", "U+0000")]
    [InlineData("a<b", "half of a surrogate pair")]
    [InlineData("a>", "half of a surrogate pair")]
    [InlineData("><", "half of a surrogate pair")]
    [InlineData("😀<", "half of a surrogate pair")]
    public void A_name_that_cannot_be_kept_is_refused(string name, string why)
    {
        Assert.Contains(
            why, Assert.Throws<ArgumentException>(() => new PostGisExporter(Nowhere, Halved(name))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_name_is_refused()
    {
        Assert.Throws<ArgumentException>("tableName", () => new PostGisExporter(Nowhere, ""));
        Assert.Throws<ArgumentException>("Schema", () => new PostGisExporter(Nowhere, "t", new() { Schema = "" }));
        Assert.Throws<ArgumentException>("GeometryColumn", () => new PostGisExporter(Nowhere, "t", new() { GeometryColumn = "" }));
    }

    [Fact]
    public void Options_out_of_range_are_refused_with_the_value_and_the_range()
    {
        Assert.StartsWith(
            "IfExists is 9: it must be Fail, Replace or Append.",
            Assert.Throws<ArgumentException>(() => new PostGisExporter(Nowhere, "t", new() { IfExists = (IfTableExists)9 })).Message,
            StringComparison.Ordinal);
        foreach (TimeSpan value in new[] { TimeSpan.Zero, TimeSpan.FromDays(25), TimeSpan.FromMilliseconds(999) })
        {
            Assert.StartsWith(
                $"CommandTimeout is {value}: it must be from 1 second to 24 days, or Timeout.InfiniteTimeSpan.",
                Assert.Throws<ArgumentException>(() => new PostGisExporter(Nowhere, "t", new() { CommandTimeout = value })).Message,
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("cluster_id")]
    [InlineData("ID")]
    [InlineData("value")]
    public void A_geometry_column_named_like_another_is_refused(string name)
    {
        var features = new ClusteredFeatures(
            FeatureColumn.Create("id", new[] { 1 }), [0], [new Point(1, 2)], null, [FeatureColumn.Create("Value", new[] { 1 })]);
        ArgumentException error = Refused(features, new PostGisOptions { GeometryColumn = name });
        Assert.StartsWith("The geometry column and another column are both named", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_named_like_one_of_the_servers_own_is_refused()
    {
        ArgumentException error = Refused(Samples.Columns(FeatureColumn.Create("ctid", new[] { 1 })));
        Assert.StartsWith("A column is named \"ctid\"", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\0b", "the character U+0000")]
    [InlineData(">a", "half of a surrogate pair")]
    public void Text_that_cannot_be_stored_is_named_by_column_and_row(string text, string why)
    {
        text = Halved(text);
        ArgumentException error = Refused(Samples.Columns(FeatureColumn.Create("name", new[] { "fine 😀", null, text })));
        Assert.StartsWith($"Column \"name\", row 2: the text contains {why}", error.Message, StringComparison.Ordinal);

        error = Refused(new ClusteredFeatures(FeatureColumn.Create("id", new[] { "a", text }), [0, 0]));
        Assert.StartsWith($"Column \"id\", row 1: the text contains {why}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Instants_and_times_without_a_zone_in_one_column_are_refused()
    {
        ArgumentException error = Refused(Samples.Columns(FeatureColumn.Create(
            "when", new DateTime?[] { DateTime.MaxValue, DateTime.UnixEpoch, null, new DateTime(2024, 1, 1) })));
        Assert.StartsWith(
            "Column \"when\": the time of row 3 is of kind Unspecified but that of row 1 is not", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POINT M (1 2 3)")]
    [InlineData("LINESTRING ZM (1 2 3 4, 5 6 7 8)")]
    [InlineData("GEOMETRYCOLLECTION M (GEOMETRYCOLLECTION M (POINT M (1 2 3)))")]
    public void M_values_are_refused_by_row(string wkt)
    {
        ArgumentException error = Refused(Samples.Geometries(null, new Point(1, 2), Samples.Wkt(wkt)));
        Assert.StartsWith("The geometry of row 1 has M values", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_SRID_that_contradicts_the_reference_system_is_refused_by_row()
    {
        ArgumentException error = Refused(Samples.Geometries(Samples.Wgs84, WithSrid(4326), WithSrid(-1), WithSrid(0), WithSrid(3857)));
        Assert.StartsWith(
            "The geometry of row 3 carries SRID 3857 but the features' reference system says 4326", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SRIDs_that_contradict_each_other_are_refused_by_row()
    {
        ArgumentException error = Refused(Samples.Geometries(null, WithSrid(0), WithSrid(4326), WithSrid(3857)));
        Assert.StartsWith(
            "The geometry of row 2 carries SRID 3857 but the geometry of row 1 says 4326", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_ring_that_PostGIS_does_not_take_is_refused_by_row()
    {
        var ring = new LinearRing([new(0, 0), new(1, 0), new(0, 0)]);
        ArgumentException error = Refused(Samples.Geometries(null, new MultiPolygon([new Polygon(ring)])));
        Assert.StartsWith(
            "The geometry of row 0 has a ring of 3 points: PostGIS takes rings of 4 or more.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Null_arguments_are_refused()
    {
        Assert.Throws<ArgumentNullException>("dataSource", () => new PostGisExporter((Npgsql.NpgsqlDataSource)null!, "t"));
        Assert.Throws<ArgumentNullException>("connection", () => new PostGisExporter((string)null!, "t"));
        Assert.Throws<ArgumentException>("connection", () => new PostGisExporter(" ", "t"));
        Assert.Throws<ArgumentNullException>("tableName", () => new PostGisExporter(Nowhere, null!));
        Assert.Throws<ArgumentNullException>("features", () => new PostGisExporter(Nowhere, "t").Export(null!));
    }

    // Attributes cannot hold half a surrogate pair: '<' stands for the first half, '>' for the second.
    private static string Halved(string text) => text.Replace('<', '\uD83D').Replace('>', '\uDE00');

    private static Point WithSrid(int srid) => new(1, 2) { SRID = srid };

    private static ArgumentException Refused(ClusteredFeatures features, PostGisOptions? options = null) =>
        Assert.ThrowsAny<ArgumentException>(() => new PostGisExporter(Nowhere, "t", options).Export(features));
}
