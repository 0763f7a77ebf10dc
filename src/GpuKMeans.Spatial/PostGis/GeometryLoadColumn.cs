using NetTopologySuite.Geometries;
using NpgsqlTypes;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>The column of geometries.</summary>
internal sealed class GeometryLoadColumn(
    string name, IReadOnlyList<Geometry?> geometries, GeometryColumnType type, bool hasAny)
    : LoadColumn(name, isNullable: true)
{
    /// <summary>The type that holds all geometries so far.</summary>
    public GeometryColumnType Type => type;

    /// <summary>Whether there has been a geometry.</summary>
    public bool HasAny => hasAny;

    private readonly EwkbEncoder _encoder = new(type.Srid, type.HasZ);

    public override string SqlType(string? postGisSchema) => $"{SqlIdentifier.Quote(postGisSchema!)}.{type}";

    public override bool Fits(ExistingColumn existing)
    {
        if (existing.TypeName != "geometry")
        {
            return false;
        }

        if (!existing.HasTypeModifier)
        {
            return true;
        }

        GeometryColumnType there = GeometryColumnType.Parse(existing.PrintedType);
        return hasAny ? there.Takes(type) : there.Srid == type.Srid;
    }

    // The bytes a geometry column reads in a binary COPY are EWKB with nothing around it, which is how bytea is sent.
    public override ValueTask Write(CopyWriter copy, int row) =>
        geometries[row] is Geometry geometry
            ? copy.Write(_encoder.Encode(geometry), NpgsqlDbType.Bytea)
            : copy.WriteNull();
}
