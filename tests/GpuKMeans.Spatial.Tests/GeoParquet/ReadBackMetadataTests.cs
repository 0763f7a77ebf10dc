using System.Text.Json;

namespace GpuKMeans.Spatial.Tests.GeoParquet;

[Collection(ReadBackGroup.Name)]
public sealed class ReadBackMetadataTests(ReadBackFixture files)
{
    public static TheoryData<string> WithGeometry { get; } =
        [.. ReadBackCases.All.Where(c => c.Value.Features.Geometries is not null).Select(c => c.Key)];

    [Theory]
    [MemberData(nameof(WithGeometry))]
    public void The_metadata_is_valid_by_the_schema_of_GeoParquet(string name) =>
        Json.Equal(Array.Empty<string>(), files.Read(name).GetProperty("schemaErrors"));

    [Fact]
    public void The_schema_refuses_what_is_wrong()
    {
        string[] errors = [.. files.Read("points").GetProperty("schemaErrorsWhenBroken").EnumerateArray().Select(e => e.GetString()!)];
        Assert.Contains(errors, e => e.StartsWith("/columns/broken/encoding ", StringComparison.Ordinal));
        Assert.Contains(errors, e => e.StartsWith("/columns/broken/geometry_types/0 ", StringComparison.Ordinal));
        Assert.Contains(errors, e => e.StartsWith("/columns/broken/crs ", StringComparison.Ordinal));
    }

    [Fact]
    public void The_version_and_the_primary_column_are_told()
    {
        JsonElement geo = files.Read("no covering").GetProperty("geo");
        Json.Equal("1.1.0", geo.GetProperty("version"));
        Json.Equal("wkb_geometry", geo.GetProperty("primary_column"));
        Json.Equal("WKB", geo.GetProperty("columns").GetProperty("wkb_geometry").GetProperty("encoding"));
    }

    [Theory]
    [InlineData("points", "Point")]
    [InlineData("points with Z", "Point Z")]
    [InlineData("geometries", "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection", "Point Z", "LineString Z")]
    [InlineData("empty and null", "Point", "LineString", "Polygon", "MultiPoint", "GeometryCollection")]
    [InlineData("only null")]
    [InlineData("no rows")]
    public void The_geometry_types_are_those_there_are(string name, params string[] types) =>
        Json.Equal(types, Column(name).GetProperty("geometry_types"));

    [Theory]
    [InlineData("points", -46.6, -23.5, 139.7, 35.7)]
    [InlineData("points with Z", -1.0, 2.0, -9.0, 1.0, 5.0, 3.0)]
    [InlineData("geometries", -9.0, -5.0, -6.0, 10.0, 10.0, 5.0)]
    [InlineData("empty and null", 3.0, 4.0, 3.0, 4.0)]
    public void The_box_holds_every_geometry_and_Z_where_there_is_one(string name, params double[] box) =>
        Json.Equal(box, Column(name).GetProperty("bbox"));

    [Theory]
    [InlineData("only empty")]
    [InlineData("only null")]
    [InlineData("no rows")]
    public void Without_coordinates_there_is_no_box(string name) => Assert.False(Column(name).TryGetProperty("bbox", out _));

    [Fact]
    public void A_known_crs_is_its_definition_and_an_unknown_one_is_null()
    {
        Json.Equal(CoordinateReferenceSystem.Parse("EPSG:31983").ProjJson, Column("geometries").GetProperty("crs"));
        Json.Equal(CoordinateReferenceSystem.Parse("OGC:CRS84").ProjJson, Column("points").GetProperty("crs"));
        Json.Equal(null, Column("unknown crs").GetProperty("crs"));
    }

    [Fact]
    public void The_covering_is_told_where_there_is_one()
    {
        var covering = new
        {
            bbox = new
            {
                xmin = new[] { "bbox", "xmin" }, ymin = new[] { "bbox", "ymin" },
                xmax = new[] { "bbox", "xmax" }, ymax = new[] { "bbox", "ymax" },
            },
        };
        Json.Equal(covering, Column("points").GetProperty("covering"));
        JsonElement without = files.Read("no covering");
        Assert.False(without.GetProperty("geo").GetProperty("columns").GetProperty("wkb_geometry").TryGetProperty("covering", out _));
        Json.Equal(new { id = 0, cluster_id = 0, wkb_geometry = "0101000000000000000000F03F0000000000000040" }, without.GetProperty("rows")[0]);
    }

    [Fact]
    public void Without_geometry_it_is_a_plain_file_and_the_name_bbox_is_free()
    {
        JsonElement answer = files.Read("no geometry");
        Assert.False(answer.TryGetProperty("geo", out _));
        Json.Equal(new[] { "a", "b" }, answer.GetProperty("rows").Column("bbox"));
    }

    [Fact]
    public void The_file_says_who_wrote_it() =>
        Assert.Matches(@"^GpuKMeans version \d+\.\d+\.\d+", files.Read("points").GetProperty("metadata").GetProperty("created_by").GetString());

    private JsonElement Column(string name) => files.Read(name).GetProperty("geo").GetProperty("columns").GetProperty("geometry");
}
