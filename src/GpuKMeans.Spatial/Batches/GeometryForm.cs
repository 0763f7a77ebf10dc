using NetTopologySuite.Geometries;
using NetTopologySuite.IO;

namespace GpuKMeans.Spatial;

/// <summary>How a geometry is kept in a temporary file: a point as its coordinates, any other as EWKB.</summary>
internal static class GeometryForm
{
    private const byte None = 0, FlatPoint = 1, Wkb = 2;

    public static void Write(BinaryWriter writer, Geometry? geometry)
    {
        switch (geometry)
        {
            case null:
                writer.Write(None);
                break;
            case Point { IsEmpty: false } point when double.IsNaN(point.Z) && double.IsNaN(point.M):
                writer.Write(FlatPoint);
                writer.Write(point.X);
                writer.Write(point.Y);
                writer.Write(point.SRID);
                break;
            default:
                byte[] bytes = new WKBWriter(ByteOrder.LittleEndian, handleSRID: true, emitZ: true, emitM: true).Write(geometry);
                writer.Write(Wkb);
                writer.Write(bytes.Length);
                writer.Write(bytes);
                break;
        }
    }

    public static Geometry? Read(BinaryReader reader) => reader.ReadByte() switch
    {
        None => null,
        FlatPoint => new Point(reader.ReadDouble(), reader.ReadDouble()) { SRID = reader.ReadInt32() },
        _ => new WKBReader().Read(reader.ReadBytes(reader.ReadInt32())),
    };
}
