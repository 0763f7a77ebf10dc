using GpuKMeans.Spatial.Parquet;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial;

/// <summary>Writes geometries as ISO WKB: little-endian, Z told by the code (1001…), never by the flags of EWKB.</summary>
internal static class WkbEncoder
{
    private const byte LittleEndian = 1;
    private const int ZOffset = 1000;

    // The NaN of other writers of WKB: that of the framework has its sign bit set.
    private static readonly double _nan = BitConverter.UInt64BitsToDouble(0x7FF8_0000_0000_0000);

    /// <summary>Appends a geometry.</summary>
    /// <param name="geometry">One of the seven types of simple features.</param>
    /// <param name="withZ">Whether each coordinate, in all parts, has a Z; where it lacks one, NaN is written.</param>
    /// <param name="output">Where the bytes go.</param>
    /// <param name="row">Its row, for errors.</param>
    /// <exception cref="ArgumentException">It is, or holds, something else, such as a curve.</exception>
    public static void Write(Geometry geometry, bool withZ, ByteBuffer output, int row)
    {
        // The numbers of the seven types are the codes of WKB; those above are curves, surfaces and the like.
        OgcGeometryType type = geometry.OgcGeometryType;
        if (type is < OgcGeometryType.Point or > OgcGeometryType.GeometryCollection)
        {
            throw SpatialErrors.UnsupportedGeometryType(row, geometry.GeometryType);
        }

        output.Write(LittleEndian);
        output.Write((int)type + (withZ ? ZOffset : 0));
        switch (type)
        {
            case OgcGeometryType.Point:
                WritePoint((Point)geometry, withZ, output);
                break;
            case OgcGeometryType.LineString:
                WriteSequence(((LineString)geometry).CoordinateSequence, withZ, output);
                break;
            case OgcGeometryType.Polygon:
                WriteRings((Polygon)geometry, withZ, output);
                break;
            default:
                WriteParts((GeometryCollection)geometry, withZ, output, row);
                break;
        }
    }

    // WKB has no count for a point: an empty one has NaN for coordinates.
    private static void WritePoint(Point point, bool withZ, ByteBuffer output)
    {
        if (!point.IsEmpty)
        {
            WriteCoordinate(point.CoordinateSequence, 0, withZ, output);
            return;
        }

        for (int i = 0; i < (withZ ? 3 : 2); i++)
        {
            output.Write(_nan);
        }
    }

    private static void WriteRings(Polygon polygon, bool withZ, ByteBuffer output)
    {
        if (polygon.IsEmpty)
        {
            output.Write(0);
            return;
        }

        output.Write(1 + polygon.NumInteriorRings);
        WriteSequence(polygon.Shell.CoordinateSequence, withZ, output);
        foreach (LinearRing hole in polygon.Holes)
        {
            WriteSequence(hole.CoordinateSequence, withZ, output);
        }
    }

    private static void WriteParts(GeometryCollection collection, bool withZ, ByteBuffer output, int row)
    {
        output.Write(collection.NumGeometries);
        foreach (Geometry part in collection.Geometries)
        {
            Write(part, withZ, output, row);
        }
    }

    private static void WriteSequence(CoordinateSequence sequence, bool withZ, ByteBuffer output)
    {
        output.Write(sequence.Count);
        for (int i = 0; i < sequence.Count; i++)
        {
            WriteCoordinate(sequence, i, withZ, output);
        }
    }

    private static void WriteCoordinate(CoordinateSequence sequence, int index, bool withZ, ByteBuffer output)
    {
        output.Write(sequence.GetX(index));
        output.Write(sequence.GetY(index));
        if (withZ)
        {
            double z = sequence.GetZ(index);
            output.Write(double.IsNaN(z) ? _nan : z);
        }
    }
}
