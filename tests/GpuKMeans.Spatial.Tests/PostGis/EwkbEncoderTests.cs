using System.Buffers.Binary;
using GpuKMeans.Spatial.PostGis;
using NetTopologySuite.Geometries;
using NetTopologySuite.IO;

namespace GpuKMeans.Spatial.Tests.PostGis;

public sealed class EwkbEncoderTests
{
    private const string One = "000000000000F03F";
    private const string Two = "0000000000000040";
    private const string Three = "0000000000000840";
    private const string NaN = "000000000000F87F";
    private const string Zero = "0000000000000000";

    [Theory]
    [InlineData("POINT (1 2)", 4326, false, "01" + "01000020" + "E6100000" + One + Two)]
    [InlineData("POINT (1 2)", 0, false, "01" + "01000000" + One + Two)]
    [InlineData("POINT Z (1 2 3)", 4326, true, "01" + "010000A0" + "E6100000" + One + Two + Three)]
    [InlineData("POINT Z (1 2 3)", 0, true, "01" + "01000080" + One + Two + Three)]
    [InlineData("POINT EMPTY", 4326, false, "01" + "01000020" + "E6100000" + NaN + NaN)]
    [InlineData("POINT EMPTY", 4326, true, "01" + "010000A0" + "E6100000" + NaN + NaN + NaN)]
    [InlineData("LINESTRING (1 2, 2 1)", 4326, false, "01" + "02000020" + "E6100000" + "02000000" + One + Two + Two + One)]
    [InlineData("POLYGON EMPTY", 4326, false, "01" + "03000020" + "E6100000" + "00000000")]
    [InlineData(
        "MULTIPOINT Z ((1 2 3), (3 2 1))", 4326, true,
        "01" + "040000A0" + "E6100000" + "02000000" + "01" + "01000080" + One + Two + Three + "01" + "01000080" + Three + Two + One)]
    [InlineData(
        "GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (POINT (1 2)))", 4326, false,
        "01" + "07000020" + "E6100000" + "01000000" + "01" + "07000000" + "01000000" + "01" + "01000000" + One + Two)]
    public void Bytes_are_those_worked_out_by_hand(string wkt, int srid, bool hasZ, string expected)
    {
        Assert.Equal(expected, Hex(Samples.Wkt(wkt), srid, hasZ));
    }

    [Fact]
    public void A_coordinate_without_Z_gets_zero_where_Z_is_written()
    {
        Assert.Equal("01" + "01000080" + One + Two + Zero, Hex(Samples.Wkt("POINT (1 2)"), 0, hasZ: true));
        Assert.Equal("01" + "01000080" + One + Two + Zero, Hex(new Point(new CoordinateZ(1, 2)), 0, hasZ: true));
    }

    [Fact]
    public void A_ring_is_written_as_a_line()
    {
        var ring = new LinearRing([new(0, 0), new(1, 0), new(0, 1), new(0, 0)]);
        Assert.StartsWith("01" + "02000000" + "04000000", Hex(ring, 0, hasZ: false), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(GeometryTests.Wkts), MemberType = typeof(GeometryTests))]
    public void No_type_code_is_that_of_ISO_WKB(string wkt)
    {
        ReadOnlySpan<byte> bytes = new EwkbEncoder(4326, hasZ: true).Encode(Samples.Wkt(wkt)).Span;
        uint code = BinaryPrimitives.ReadUInt32LittleEndian(bytes[1..]);
        Assert.Equal(EwkbEncoder.ZFlag | EwkbEncoder.SridFlag, code & 0xFFFF_FF00);
        Assert.InRange(code & 0xFF, 1u, 7u);
    }

    [Theory]
    [MemberData(nameof(GeometryTests.Wkts), MemberType = typeof(GeometryTests))]
    public void NetTopologySuite_reads_the_same_geometry_and_SRID_back(string wkt)
    {
        Geometry geometry = Samples.Wkt(wkt);
        bool hasZ = wkt.Contains(" Z ", StringComparison.Ordinal);
        Geometry read = new WKBReader().Read(new EwkbEncoder(31983, hasZ).Encode(geometry).ToArray());

        Assert.Equal(31983, read.SRID);
        Assert.Equal(new WKTWriter(hasZ ? 3 : 2).Write(geometry), new WKTWriter(hasZ ? 3 : 2).Write(read));
    }

    [Fact]
    public void One_encoder_does_not_mix_one_geometry_with_the_next()
    {
        var encoder = new EwkbEncoder(4326, hasZ: false);
        encoder.Encode(Samples.Wkt("LINESTRING (1 2, 3 4, 5 6)"));
        Assert.Equal(
            Hex(Samples.Wkt("POINT (1 2)"), 4326, hasZ: false),
            Convert.ToHexString(encoder.Encode(Samples.Wkt("POINT (1 2)")).Span));
    }

    private static string Hex(Geometry geometry, int srid, bool hasZ) =>
        Convert.ToHexString(new EwkbEncoder(srid, hasZ).Encode(geometry).Span);
}
