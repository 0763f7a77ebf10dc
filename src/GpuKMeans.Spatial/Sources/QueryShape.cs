using GpuKMeans.Spatial.PostGis;
using Npgsql;
using Npgsql.Schema;

namespace GpuKMeans.Spatial;

/// <summary>The columns of a query, and how they are asked for.</summary>
/// <param name="SelectAll">Ids, vectors, geometries where there are any, and the columns carried along.</param>
/// <param name="SelectVectors">The vectors alone.</param>
/// <param name="SelectSrid">The SRID of the first geometry; empty where there are none.</param>
/// <param name="IdType">The type of the ids, as the server names it.</param>
/// <param name="HasGeometry">Whether there is a column of geometries.</param>
/// <param name="Carried">The other columns: names, and types as the server names them.</param>
internal sealed record QueryShape(
    string SelectAll, string SelectVectors, string SelectSrid, string IdType, bool HasGeometry, IReadOnlyList<(string Name, string Type)> Carried)
{
    public static async Task<QueryShape> Of(
        NpgsqlConnection connection, string query, PostgresFeatureOptions options, CancellationToken cancellationToken)
    {
        IReadOnlyList<NpgsqlDbColumn> columns;
        using (var command = new NpgsqlCommand($"SELECT * FROM ({query}) AS q LIMIT 0", connection))
        {
            NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                columns = [.. (await reader.GetColumnSchemaAsync(cancellationToken).ConfigureAwait(false)).Cast<NpgsqlDbColumn>()];
            }
        }

        NpgsqlDbColumn id = Find(columns, options.IdColumn, nameof(options.IdColumn));
        NpgsqlDbColumn embedding = Find(columns, options.EmbeddingColumn, nameof(options.EmbeddingColumn));
        NpgsqlDbColumn? geometry = Geometry(columns, options);
        NpgsqlDbColumn[] carried =
            [.. columns.Where(column => options.CarryColumns && column != id && column != embedding && column != geometry)];
        if (!QueryColumns.IsIdType(TypeOf(id)))
        {
            throw QueryErrors.IdType(id.ColumnName, TypeOf(id));
        }

        if (Array.Find(carried, column => !QueryColumns.IsSupported(TypeOf(column))) is { } odd)
        {
            throw QueryErrors.CarriedType(odd.ColumnName, TypeOf(odd));
        }

        string vector = $"{SqlIdentifier.Quote(embedding.ColumnName)}::real[]";
        IEnumerable<string> all =
        [
            SqlIdentifier.Quote(id.ColumnName),
            vector,
            .. geometry is null ? [] : new[] { $"ST_AsEWKB({SqlIdentifier.Quote(geometry.ColumnName)})" },
            .. carried.Select(column => SqlIdentifier.Quote(column.ColumnName)),
        ];
        return new QueryShape(
            $"SELECT {string.Join(", ", all)} FROM ({query}) AS q",
            $"SELECT {vector} FROM ({query}) AS q",
            geometry is null ? "" : $"SELECT ST_SRID(g) FROM (SELECT {SqlIdentifier.Quote(geometry.ColumnName)} AS g FROM ({query}) AS q) AS s WHERE g IS NOT NULL LIMIT 1",
            TypeOf(id),
            geometry is not null,
            [.. carried.Select(column => (column.ColumnName, TypeOf(column)))]);
    }

    private static NpgsqlDbColumn Find(IReadOnlyList<NpgsqlDbColumn> columns, string name, string option) =>
        columns.FirstOrDefault(column => column.ColumnName == name)
        ?? throw QueryErrors.NoColumn(name, option, columns.Select(column => column.ColumnName));

    private static NpgsqlDbColumn? Geometry(IReadOnlyList<NpgsqlDbColumn> columns, PostgresFeatureOptions options)
    {
        if (options.GeometryColumn is not null)
        {
            NpgsqlDbColumn named = Find(columns, options.GeometryColumn, nameof(options.GeometryColumn));
            return IsGeometry(named) ? named : throw QueryErrors.GeometryType(named.ColumnName, TypeOf(named));
        }

        NpgsqlDbColumn[] found = [.. columns.Where(IsGeometry)];
        return found.Length > 1 ? throw QueryErrors.SeveralGeometries(found.Select(column => column.ColumnName)) : found.FirstOrDefault();
    }

    private static bool IsGeometry(NpgsqlDbColumn column) =>
        column.PostgresType.Name == "geometry" || column.DataTypeName.EndsWith("geometry", StringComparison.Ordinal);

    private static string TypeOf(NpgsqlDbColumn column) => column.PostgresType.Name;
}
