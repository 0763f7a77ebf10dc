using NetTopologySuite.Geometries;
using NpgsqlTypes;

namespace GpuKMeans.Spatial;

/// <summary>A column of the table: its name and type there, and how a row's value is written.</summary>
internal abstract class LoadColumn(string name, bool isNullable)
{
    public string Name { get; } = name;

    public bool IsNullable { get; } = isNullable;

    /// <summary>The type as SQL writes it.</summary>
    /// <param name="postGisSchema">Where PostGIS's types are; they need not be on the search path.</param>
    public abstract string SqlType(string? postGisSchema);

    /// <summary>Whether an existing column takes this one's values as they are written.</summary>
    public abstract bool Fits(ExistingColumn existing);

    public abstract ValueTask Write(CopyWriter copy, int row);
}

/// <summary>A column of a value type; <paramref name="read"/> gives null where a row has no value.</summary>
internal sealed class ValueLoadColumn<T>(string name, bool isNullable, PostgresType type, Func<int, T?> read)
    : LoadColumn(name, isNullable)
    where T : struct
{
    public override string SqlType(string? postGisSchema) => type.Sql;

    public override bool Fits(ExistingColumn existing) => type.Readers.Contains(existing.TypeName);

    public override ValueTask Write(CopyWriter copy, int row) =>
        read(row) is T value ? copy.Write(value, type.DbType) : copy.WriteNull();
}

/// <summary>A column of text or bytes.</summary>
internal sealed class ReferenceLoadColumn<T>(string name, bool isNullable, PostgresType type, IReadOnlyList<T?> values)
    : LoadColumn(name, isNullable)
    where T : class
{
    public override string SqlType(string? postGisSchema) => type.Sql;

    public override bool Fits(ExistingColumn existing) => type.Readers.Contains(existing.TypeName);

    public override ValueTask Write(CopyWriter copy, int row) =>
        values[row] is T value ? copy.Write(value, type.DbType) : copy.WriteNull();
}

/// <summary>The column of geometries.</summary>
internal sealed class GeometryLoadColumn(
    string name, IReadOnlyList<Geometry?> geometries, GeometryColumnType type, bool hasAny)
    : LoadColumn(name, isNullable: true)
{
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
