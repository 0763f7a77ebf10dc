using System.Globalization;
using System.Text;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>The statements of a load.</summary>
internal static class TableSql
{
    public static string CreateTable(QualifiedName table, IEnumerable<LoadColumn> columns, string? postGisSchema)
    {
        IEnumerable<string> definitions = columns.Select(column =>
            $"{SqlIdentifier.Quote(column.Name)} {column.SqlType(postGisSchema)}{(column.IsNullable ? "" : " NOT NULL")}");
        return $"CREATE TABLE {table.Quoted} ({string.Join(", ", definitions)})";
    }

    /// <summary>Widens the geometry column: rows that are there get Z = 0 where the type has Z now.</summary>
    public static string AlterGeometry(QualifiedName table, GeometryLoadColumn geometry, string postGisSchema)
    {
        string column = SqlIdentifier.Quote(geometry.Name), schema = SqlIdentifier.Quote(postGisSchema);
        string value = geometry.Type.HasZ ? $"{schema}.ST_Force3D({column})" : column;
        value = string.Create(CultureInfo.InvariantCulture, $"{schema}.ST_SetSRID({value}, {geometry.Type.Srid})");
        return $"ALTER TABLE {table.Quoted} ALTER COLUMN {column} TYPE {geometry.SqlType(postGisSchema)} USING {value}";
    }

    public static string Copy(QualifiedName table, IEnumerable<LoadColumn> columns) =>
        $"COPY {table.Quoted} ({string.Join(", ", columns.Select(c => SqlIdentifier.Quote(c.Name)))}) FROM STDIN (FORMAT BINARY)";

    public static string CreateIndex(QualifiedName? index, QualifiedName table, GeometryLoadColumn geometry)
    {
        string name = index is null ? "" : SqlIdentifier.Quote(index.Name) + " ";
        return $"CREATE INDEX {name}ON {table.Quoted} USING gist ({SqlIdentifier.Quote(geometry.Name)})";
    }

    public static string Analyze(QualifiedName table) => $"ANALYZE {table.Quoted}";

    public static string Lock(QualifiedName table) => $"LOCK TABLE {table.Quoted} IN ACCESS EXCLUSIVE MODE";

    public static string SetOwner(QualifiedName table, string owner) =>
        $"ALTER TABLE {table.Quoted} OWNER TO {SqlIdentifier.Quote(owner)}";

    // Without CASCADE: what depends on the table is not ours to drop.
    public static string Drop(QualifiedName table) => $"DROP TABLE IF EXISTS {table.Quoted}";

    public static string Rename(QualifiedName table, string name) =>
        $"ALTER TABLE {table.Quoted} RENAME TO {SqlIdentifier.Quote(name)}";

    public static string RenameIndex(QualifiedName index, string name) =>
        $"ALTER INDEX {index.Quoted} RENAME TO {SqlIdentifier.Quote(name)}";

    /// <summary>A name for the index such as PostgreSQL gives one; a number makes it another.</summary>
    public static string IndexName(string table, string column, int number)
    {
        string counter = number == 0 ? "" : number.ToString(CultureInfo.InvariantCulture);
        string end = $"_{SqlIdentifier.Truncate(column, SqlIdentifier.MaxBytes / 2)}_idx{counter}";
        return SqlIdentifier.Truncate(table, SqlIdentifier.MaxBytes - Encoding.UTF8.GetByteCount(end)) + end;
    }
}
