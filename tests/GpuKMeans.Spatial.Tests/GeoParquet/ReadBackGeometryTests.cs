using System.Text.Json;
using NetTopologySuite.Geometries;
using NetTopologySuite.IO;

namespace GpuKMeans.Spatial.Tests.GeoParquet;

[Collection(ReadBackGroup.Name)]
public sealed class ReadBackGeometryTests(ReadBackFixture files)
{
    [Fact]
    public void Every_geometry_type_reads_back_with_its_Z()
    {
        JsonElement answer = files.Read("geometries");
        string[] wkb = [.. answer.GetProperty("rows").Column("geometry").EnumerateArray().Select(g => g.GetString()!)];
        Assert.Equal(ReadBackCases.GeometryWkt, wkb.Select(hex => new WKTWriter(3).Write(new WKBReader().Read(Convert.FromHexString(hex)))));
        Json.Equal(wkb, answer.GetProperty("sql").GetProperty("wkb").Column("wkb"));
    }

    [Fact]
    public void A_reader_of_GeoParquet_sees_features()
    {
        JsonElement features = files.Read("geometries").GetProperty("features");
        Json.Equal(new { type = "Point", coordinates = new[] { 1, 2, 3 } }, features[1].GetProperty("geometry"));
        Json.Equal(ReadBackCases.GeometryWkt.Select(w => TestFeatures.Wkt(w)!.GeometryType), features.Column("geometry").Column("type"));
    }

    [Fact]
    public void DuckDB_sees_geometries_with_their_reference_system()
    {
        JsonElement rows = files.Read("points").GetProperty("sql").GetProperty("typed");
        Json.Equal(new { type = "GEOMETRY('OGC:CRS84')", wkt = "POINT (-46.6 -23.5)" }, rows[0]);
    }

    [Fact]
    public void The_covering_holds_the_box_of_each_geometry()
    {
        var boxes = ReadBackCases.GeometryWkt.Select(w => TestFeatures.Wkt(w)!.EnvelopeInternal)
            .Select(e => new { xmin = e.MinX, ymin = e.MinY, xmax = e.MaxX, ymax = e.MaxY });
        JsonElement answer = files.Read("geometries");
        Json.Equal(boxes, answer.GetProperty("rows").Column("bbox"));
        Json.Equal(boxes, answer.GetProperty("sql").GetProperty("boxes").Column("bbox"));
    }

    [Fact]
    public void The_covering_is_null_where_the_geometry_is_and_its_fields_are_where_that_is_empty()
    {
        var none = new { xmin = (double?)null, ymin = (double?)null, xmax = (double?)null, ymax = (double?)null };
        var box = new { xmin = (double?)3, ymin = (double?)4, xmax = (double?)3, ymax = (double?)4 };
        var expected = new[] { none, null, none, box, none, none, none, null };
        JsonElement answer = files.Read("empty and null");
        Json.Equal(expected, answer.GetProperty("rows").Column("bbox"));
        Json.Equal(expected, answer.GetProperty("sql").GetProperty("boxes").Column("bbox"));
    }

    [Fact]
    public void Empty_geometries_read_back_empty_and_null_ones_null()
    {
        var geometries = files.Read("empty and null").GetProperty("rows").Column("geometry").EnumerateArray()
            .Select(g => g.GetString() is string hex ? new WKBReader().Read(Convert.FromHexString(hex)).AsText() : null);
        Assert.Equal(
            ["POINT EMPTY", null, "POLYGON EMPTY", "POINT (3 4)", "LINESTRING EMPTY", "GEOMETRYCOLLECTION EMPTY", "MULTIPOINT EMPTY", null],
            geometries);
    }

    [Fact]
    public void A_query_for_a_window_finds_what_meets_it_and_nothing_empty()
    {
        Json.Equal(new[] { 3 }, files.Read("empty and null").GetProperty("sql").GetProperty("inWindow").Column("id"));
        Assert.All(Enum.GetNames<ParquetCompression>(), compression => Json.Equal(
            new[] { "row 598", "row 599", "row 600" },
            files.Read($"row groups, {compression}").GetProperty("sql").GetProperty("window").Column("id")));
    }
}
