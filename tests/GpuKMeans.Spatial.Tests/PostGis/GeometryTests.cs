using GpuKMeans.Spatial.PostGis;
using NetTopologySuite.Geometries;
using Npgsql;

namespace GpuKMeans.Spatial.Tests.PostGis;

public sealed class GeometryTests(PostGisServer server) : PostGisTest(server)
{
    public static TheoryData<string> Wkts { get; } =
    [
        "POINT (1.5 -2.25)",
        "POINT Z (1 2 3)",
        "POINT EMPTY",
        "LINESTRING (0 0, 1 1, 2 0)",
        "LINESTRING Z (0 0 1, 1 1 2, 2 0 3)",
        "LINESTRING EMPTY",
        "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 2 1, 2 2, 1 1), (4 4, 5 4, 5 5, 4 4))",
        "POLYGON Z ((0 0 1, 9 0 2, 9 9 3, 0 9 4, 0 0 1))",
        "POLYGON EMPTY",
        "MULTIPOINT ((0 0), (1 1))",
        "MULTIPOINT Z ((0 0 5), (1 1 6))",
        "MULTIPOINT EMPTY",
        "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3, 4 4))",
        "MULTILINESTRING Z ((0 0 1, 1 1 2), (2 2 3, 3 3 4))",
        "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0), (5 1, 6 1, 6 2, 5 1)), ((20 20, 21 20, 21 21, 20 20)))",
        "MULTIPOLYGON Z (((0 0 1, 9 0 1, 9 9 1, 0 0 1)))",
        "MULTIPOLYGON EMPTY",
        "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1), GEOMETRYCOLLECTION (POLYGON ((0 0, 1 0, 1 1, 0 0)), MULTIPOINT ((7 7))))",
        "GEOMETRYCOLLECTION Z (POINT Z (1 2 3), GEOMETRYCOLLECTION Z (LINESTRING Z (0 0 1, 1 1 2)))",
        "GEOMETRYCOLLECTION EMPTY",
    ];

    [Theory]
    [MemberData(nameof(Wkts))]
    public async Task The_server_reads_what_it_reads_from_text(string wkt)
    {
        await Export(Samples.Geometries(Samples.Crs("EPSG", "31983"), Samples.Wkt(wkt)), "shapes");

        string expected = $"ST_GeomFromText('{wkt}', 31983)";
        Assert.Equal("True|31983", await Scalar(
            $"SELECT ST_AsEWKB(geometry, 'NDR') = ST_AsEWKB({expected}, 'NDR'), ST_SRID(geometry) FROM shapes"));
        Assert.Equal(
            await Rows($"SELECT ST_AsText({expected}), ST_NDims({expected}), GeometryType({expected}), ST_IsEmpty({expected})"),
            await Rows("SELECT ST_AsText(geometry), ST_NDims(geometry), GeometryType(geometry), ST_IsEmpty(geometry) FROM shapes"));

        string bare = wkt.Split(' ')[0];
        Assert.Equal($"{bare}|{(wkt.Contains(" Z ", StringComparison.Ordinal) ? 3 : 2)}|31983", await Scalar(
            $"SELECT type, coord_dimension, srid FROM geometry_columns WHERE f_table_schema = '{Schema}'"));
    }

    [Theory]
    [MemberData(nameof(Wkts))]
    public async Task The_encoder_writes_the_bytes_that_the_server_writes(string wkt)
    {
        bool hasZ = wkt.Contains(" Z ", StringComparison.Ordinal);
        string hex = Convert.ToHexString(new EwkbEncoder(4326, hasZ).Encode(Samples.Wkt(wkt)).Span);
        Assert.Equal(
            await Scalar($"SELECT upper(encode(ST_AsEWKB(ST_GeomFromText('{wkt}', 4326), 'NDR'), 'hex'))"), hex);
    }

    [Fact]
    public async Task Types_that_differ_make_a_column_of_any_geometry()
    {
        await Export(
            Samples.Geometries(Samples.Wgs84, Samples.Wkt("POLYGON ((0 0, 1 0, 1 1, 0 0))"), null, Samples.Wkt("MULTIPOLYGON EMPTY")),
            "shapes");
        Assert.Equal(
            ["0|POLYGON((0 0,1 0,1 1,0 0))", "1|∅", "2|MULTIPOLYGON EMPTY"],
            await Rows("SELECT id, ST_AsText(geometry) FROM shapes ORDER BY id"));
        Assert.Equal("geometry(Geometry,4326)", await ColumnType());
    }

    [Fact]
    public async Task Rows_without_Z_get_zero_where_others_have_it()
    {
        await Export(Samples.Geometries(Samples.Wgs84, Samples.Wkt("POINT (1 2)"), Samples.Wkt("POINT Z (1 2 3)"), null), "shapes");
        Assert.Equal(
            ["POINT Z (1 2 0)", "POINT Z (1 2 3)", "∅"],
            await Rows("SELECT ST_AsText(geometry) FROM shapes ORDER BY id"));
        Assert.Equal("geometry(PointZ,4326)", await ColumnType());
    }

    [Fact]
    public async Task A_coordinate_with_room_for_Z_but_none_in_it_is_flat()
    {
        await Export(Samples.Geometries(Samples.Wgs84, new Point(new CoordinateZ(1, 2))), "shapes");
        Assert.Equal("geometry(Point,4326)", await ColumnType());
    }

    [Fact]
    public async Task A_ring_is_a_line()
    {
        await Export(Samples.Geometries(Samples.Wgs84, new LinearRing([new(0, 0), new(1, 0), new(0, 1), new(0, 0)])), "shapes");
        Assert.Equal("LINESTRING(0 0,1 0,0 1,0 0)", await Scalar("SELECT ST_AsText(geometry) FROM shapes"));
        Assert.Equal("geometry(LineString,4326)", await ColumnType());
    }

    [Fact]
    public async Task Nulls_alone_make_a_column_of_nulls()
    {
        await Export(Samples.Geometries(Samples.Wgs84, null, null), "shapes");
        Assert.Equal("2", await Scalar("SELECT count(*) FROM shapes WHERE geometry IS NULL"));
        Assert.Equal("geometry(Geometry,4326)", await ColumnType());
    }

    [Fact]
    public async Task Features_without_geometries_make_a_table_without_the_column_even_without_PostGIS()
    {
        string database = $"gpukmeans_bare_{Guid.NewGuid():N}";
        string connection = await Server.CreateDatabase(database);
        try
        {
            var features = new ClusteredFeatures(FeatureColumn.Create("id", new[] { 1, 2 }), [0, 1]);
            await new PostGisExporter(connection, "plain").ExportAsync(features, Cancellation);
            await PostGisServer.Execute(connection, "SELECT id, cluster_id FROM plain");
            await Assert.ThrowsAsync<PostgresException>(
                () => PostGisServer.Execute(connection, "SELECT geometry FROM plain"));
        }
        finally
        {
            await Server.DropDatabase(database);
        }
    }

    [Theory]
    [InlineData("EPSG", "3857", 3857)]
    [InlineData("OGC", "CRS84", 4326)]
    [InlineData("ESRI", "54009", 0)]
    [InlineData(null, null, 0)]
    public async Task The_SRID_is_the_EPSG_code(string? authority, string? code, int srid)
    {
        await Export(Samples.Geometries(Samples.Crs(authority, code), Samples.Wkt("POINT (1 2)")), "shapes");
        Assert.Equal($"{srid}", await Scalar("SELECT ST_SRID(geometry) FROM shapes"));
        Assert.Equal($"{srid}", await Scalar($"SELECT srid FROM geometry_columns WHERE f_table_schema = '{Schema}'"));
    }

    [Fact]
    public async Task Without_a_reference_system_the_SRID_is_that_of_the_geometries()
    {
        Geometry carrier = Samples.Wkt("POINT (1 2)");
        carrier.SRID = 31983;
        await Export(Samples.Geometries(null, Samples.Wkt("POINT (1 2)"), carrier), "shapes");
        Assert.Equal("31983|2", await Scalar("SELECT ST_SRID(geometry), count(*) FROM shapes GROUP BY 1"));
    }

    [Fact]
    public async Task The_index_is_used_by_a_search()
    {
        await Export(Samples.Points(5_000), "shapes", new PostGisOptions { GeometryColumn = "Where is it?" });
        string[] plan = await Rows(
            """
            EXPLAIN SELECT * FROM shapes WHERE "Where is it?" && ST_MakeEnvelope(10, -1, 11, 1, 4326)
            """);
        Assert.Contains(plan, line => line.Contains("shapes_Where is it?_idx", StringComparison.Ordinal));
    }

    private Task<string?> ColumnType() => Scalar(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'shapes'::regclass AND attname = 'geometry'");
}
