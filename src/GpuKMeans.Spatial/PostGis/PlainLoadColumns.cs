using NpgsqlTypes;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>A column of one of PostgreSQL's own types.</summary>
internal abstract class PlainLoadColumn(string name, bool isNullable, PostgresType type) : LoadColumn(name, isNullable)
{
    public override string SqlType(string? postGisSchema) => type.Sql;

    public override bool Fits(ExistingColumn existing) => type.Readers.Contains(existing.TypeName);
}

/// <summary>A column of a value type; <paramref name="read"/> gives null where a row has no value.</summary>
internal sealed class ValueLoadColumn<T>(string name, bool isNullable, PostgresType type, Func<int, T?> read)
    : PlainLoadColumn(name, isNullable, type)
    where T : struct
{
    private readonly NpgsqlDbType _dbType = type.DbType;

    public override ValueTask Write(CopyWriter copy, int row) =>
        read(row) is T value ? copy.Write(value, _dbType) : copy.WriteNull();
}

/// <summary>A column of text or bytes.</summary>
internal sealed class ReferenceLoadColumn<T>(string name, bool isNullable, PostgresType type, IReadOnlyList<T?> values)
    : PlainLoadColumn(name, isNullable, type)
    where T : class
{
    private readonly NpgsqlDbType _dbType = type.DbType;

    public override ValueTask Write(CopyWriter copy, int row) =>
        values[row] is T value ? copy.Write(value, _dbType) : copy.WriteNull();
}
