using System.Buffers;
using System.Buffers.Binary;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>Encodes geometries as PostGIS keeps them: little-endian EWKB.</summary>
/// <remarks>
/// EWKB flags Z in the high bits of the type, where ISO WKB adds 1000 to it. The SRID stands on the outermost geometry
/// alone; the parts of a multi geometry carry the Z flag but no SRID. An empty point has NaN for its coordinates.
/// One instance reuses one buffer: it is for one thread.
/// </remarks>
internal sealed class EwkbEncoder(int srid, bool hasZ)
{
    public const uint ZFlag = 0x8000_0000;
    public const uint SridFlag = 0x2000_0000;

    private const uint PointCode = 1;
    private const uint LineStringCode = 2;
    private const uint PolygonCode = 3;

    // The NaN that PostGIS writes; that of .NET has the sign bit set.
    private const ulong PositiveNaN = 0x7FF8_0000_0000_0000;

    private readonly ArrayBufferWriter<byte> _buffer = new(256);
    private readonly int _dimension = hasZ ? 3 : 2;

    /// <summary>The bytes of a geometry, valid until the next call. It must have passed <see cref="GeometryScan"/>.</summary>
    public ReadOnlyMemory<byte> Encode(Geometry geometry)
    {
        _buffer.ResetWrittenCount();
        Write(geometry, outermost: true);
        return _buffer.WrittenMemory;
    }

    private void Write(Geometry geometry, bool outermost)
    {
        switch (geometry)
        {
            case Point point:
                WriteHeader(PointCode, outermost);
                WritePoint(point);
                break;
            case LineString line:
                WriteHeader(LineStringCode, outermost);
                WriteSequence(line.CoordinateSequence);
                break;
            case Polygon polygon:
                WriteHeader(PolygonCode, outermost);
                WriteRings(polygon);
                break;
            case GeometryCollection parts:
                WriteHeader(CollectionCode(parts), outermost);
                WriteCount(parts.NumGeometries);
                for (int i = 0; i < parts.NumGeometries; i++)
                {
                    Write(parts.GetGeometryN(i), outermost: false);
                }

                break;
        }
    }

    private static uint CollectionCode(GeometryCollection parts) => parts switch
    {
        MultiPoint => 4,
        MultiLineString => 5,
        MultiPolygon => 6,
        _ => 7,
    };

    private void WriteHeader(uint code, bool outermost)
    {
        const byte LittleEndian = 1;
        bool writeSrid = outermost && srid != 0;
        Span<byte> header = _buffer.GetSpan(9);
        header[0] = LittleEndian;
        uint flags = (hasZ ? ZFlag : 0) | (writeSrid ? SridFlag : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(header[1..], code | flags);
        if (writeSrid)
        {
            BinaryPrimitives.WriteInt32LittleEndian(header[5..], srid);
        }

        _buffer.Advance(writeSrid ? 9 : 5);
    }

    private void WritePoint(Point point)
    {
        if (!point.IsEmpty)
        {
            WriteCoordinates(point.CoordinateSequence);
            return;
        }

        Span<byte> bytes = _buffer.GetSpan(_dimension * sizeof(double));
        for (int i = 0; i < _dimension; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[(i * sizeof(double))..], PositiveNaN);
        }

        _buffer.Advance(_dimension * sizeof(double));
    }

    private void WriteRings(Polygon polygon)
    {
        if (polygon.IsEmpty)
        {
            WriteCount(0);
            return;
        }

        WriteCount(1 + polygon.NumInteriorRings);
        WriteSequence(polygon.ExteriorRing.CoordinateSequence);
        for (int i = 0; i < polygon.NumInteriorRings; i++)
        {
            WriteSequence(polygon.GetInteriorRingN(i).CoordinateSequence);
        }
    }

    private void WriteSequence(CoordinateSequence sequence)
    {
        WriteCount(sequence.Count);
        WriteCoordinates(sequence);
    }

    private void WriteCoordinates(CoordinateSequence sequence)
    {
        int stride = _dimension * sizeof(double);
        for (int i = 0; i < sequence.Count; i++)
        {
            Span<byte> bytes = _buffer.GetSpan(stride);
            BinaryPrimitives.WriteDoubleLittleEndian(bytes, sequence.GetX(i));
            BinaryPrimitives.WriteDoubleLittleEndian(bytes[8..], sequence.GetY(i));
            if (hasZ)
            {
                // What ST_Force3D does: a column with Z has no way to say that one row lacks it.
                double z = sequence.GetZ(i);
                BinaryPrimitives.WriteDoubleLittleEndian(bytes[16..], double.IsNaN(z) ? 0 : z);
            }

            _buffer.Advance(stride);
        }
    }

    private void WriteCount(int count)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.GetSpan(sizeof(int)), count);
        _buffer.Advance(sizeof(int));
    }
}
