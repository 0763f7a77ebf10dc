using GpuKMeans.Spatial.Parquet;
using NetTopologySuite.Geometries;
using NetTopologySuite.IO;

namespace GpuKMeans.Spatial.Tests.GeoParquet;

public sealed class WkbEncoderTests
{
    [Theory]
    [InlineData("POINT (1 2)")]
    [InlineData("POINT Z(1 2 3)")]
    [InlineData("LINESTRING (0 0, 1 1, 2 0)")]
    [InlineData("LINESTRING Z(0 0 1, 1 1 2)")]
    [InlineData("POLYGON ((0 0, 9 0, 9 9, 0 0), (2 1, 4 1, 4 2, 2 1), (5 1, 6 1, 6 2, 5 1))")]
    [InlineData("POLYGON Z((0 0 1, 9 0 2, 9 9 3, 0 0 1))")]
    [InlineData("MULTIPOINT ((1 1), (2 2))")]
    [InlineData("MULTIPOINT Z((1 1 1), (2 2 2))")]
    [InlineData("MULTILINESTRING ((0 0, 1 1), (5 5, 6 6, 7 5))")]
    [InlineData("MULTILINESTRING Z((0 0 1, 1 1 2))")]
    [InlineData("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))")]
    [InlineData("MULTIPOLYGON Z(((0 0 7, 1 0 8, 1 1 9, 0 0 7)))")]
    [InlineData("GEOMETRYCOLLECTION (POINT (1 1), GEOMETRYCOLLECTION (LINESTRING (0 0, 3 3), POLYGON ((0 0, 1 0, 1 1, 0 0))))")]
    [InlineData("GEOMETRYCOLLECTION Z(POINT Z(1 1 1), GEOMETRYCOLLECTION Z(POINT Z(2 2 2)))")]
    [InlineData("POINT EMPTY")]
    [InlineData("LINESTRING EMPTY")]
    [InlineData("POLYGON EMPTY")]
    [InlineData("MULTIPOINT EMPTY")]
    [InlineData("MULTILINESTRING EMPTY")]
    [InlineData("MULTIPOLYGON EMPTY")]
    [InlineData("GEOMETRYCOLLECTION EMPTY")]
    [InlineData("GEOMETRYCOLLECTION (POINT EMPTY, LINESTRING (1 1, 2 2), POLYGON EMPTY)")]
    public void Another_reader_reads_back_what_was_written(string wkt) => Assert.Equal(wkt, ReadBack(TestFeatures.Wkt(wkt)!).AsText());

    [Fact]
    public void A_point_is_these_bytes() =>
        Assert.Equal("01" + "01000000" + "000000000000F03F" + "00000000000000C0", Hex(new Point(1, -2)));

    [Fact]
    public void A_point_with_Z_has_the_code_of_ISO_and_not_the_flag_of_EWKB() =>
        Assert.Equal("01" + "E9030000" + "000000000000F03F" + "0000000000000040" + "0000000000000840", Hex(new Point(1, 2, 3)));

    [Fact]
    public void An_SRID_leaves_no_mark() => Assert.Equal(Hex(new Point(1, 2)), Hex(new Point(1, 2) { SRID = 4326 }));

    [Fact]
    public void An_empty_point_has_NaN_for_coordinates() =>
        Assert.Equal("01" + "01000000" + "000000000000F87F" + "000000000000F87F", Hex(Point.Empty));

    [Fact]
    public void A_ring_is_written_as_a_line()
    {
        var ring = new LinearRing([new(0, 0), new(1, 0), new(1, 1), new(0, 0)]);
        Assert.Equal(Hex(new LineString(ring.Coordinates)), Hex(ring));
    }

    [Fact]
    public void Where_one_part_has_Z_all_parts_have_it_and_those_that_lacked_it_have_NaN()
    {
        var mixed = new GeometryCollection([new Point(1, 2), new Point(3, 4, 5), Point.Empty]);
        const string PointZ = "01" + "E9030000", NaN = "000000000000F87F";
        Assert.Equal(
            "01" + "EF030000" + "03000000"
            + PointZ + "000000000000F03F" + "0000000000000040" + NaN
            + PointZ + "0000000000000840" + "0000000000001040" + "0000000000001440"
            + PointZ + NaN + NaN + NaN,
            Hex(mixed));
    }

    [Fact]
    public void Room_for_Z_that_holds_none_makes_no_Z() =>
        Assert.Equal(Hex(new Point(1, 2)), Hex(new Point(new CoordinateZ(1, 2, double.NaN))));

    [Fact]
    public void Collections_nest_deeply()
    {
        Geometry geometry = new Point(1, 2);
        for (int depth = 0; depth < 1000; depth++)
        {
            geometry = new GeometryCollection([geometry]);
        }

        Assert.Equal(geometry, ReadBack(geometry));
    }

    [Fact]
    public void Measures_are_refused_by_the_row()
    {
        var e = Assert.Throws<ArgumentException>(() => GeometryScan.Scan(new Point(new CoordinateM(1, 2, 3)), row: 17));
        Assert.Contains("row 17 has measures (M)", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN, 0, 0)]
    [InlineData(0, double.PositiveInfinity, 0)]
    [InlineData(0, 0, double.NegativeInfinity)]
    public void Coordinates_that_are_not_finite_are_refused_by_the_row(double x, double y, double z)
    {
        var line = new LineString([new CoordinateZ(1, 1, 1), new CoordinateZ(x, y, z)]);
        var e = Assert.Throws<ArgumentException>(() => GeometryScan.Scan(line, row: 17));
        Assert.Contains($"row 17 has the coordinate ({x}, {y}, {z})", e.Message, StringComparison.Ordinal);
    }

    private static Geometry ReadBack(Geometry geometry) => new WKBReader().Read(Convert.FromHexString(Hex(geometry)));

    private static string Hex(Geometry geometry)
    {
        var buffer = new ByteBuffer();
        WkbEncoder.Write(geometry, GeometryScan.Scan(geometry, row: 0).HasZ, buffer, row: 0);
        return Convert.ToHexString(buffer.Written);
    }
}
