using GpuKMeans.Spatial.PostGis;
using Npgsql;
using Npgsql.Schema;

namespace GpuKMeans.Spatial;

/// <summary>The columns of a query, and how they are asked for.</summary>
/// <param name="SelectAll">Ids, vectors as <see cref="ArrayBytes"/>, geometries where there are any, and the columns carried along.</param>
/// <param name="SelectVectors">The vectors alone, as <see cref="ArrayBytes"/>.</param>
/// <param name="SelectLength">The length of the first vector.</param>
/// <param name="SelectSrid">The SRID of the first geometry; empty where there are none.</param>
/// <param name="IdType">The type of the ids, as the server names it.</param>
/// <param name="HasGeometry">Whether there is a column of geometries.</param>
/// <param name="Carried">The other columns: names, and types as the server names them.</param>
internal sealed record QueryShape(
    string SelectAll,
    string SelectVectors,
    string SelectLength,
    string SelectSrid,
    string IdType,
    bool HasGeometry,
    IReadOnlyList<(string Name, string Type)> Carried)
{
    public static async Task<QueryShape> Of(
        NpgsqlConnection connection, string query, PostgresFeatureOptions options, CancellationToken cancellationToken)
    {
        IReadOnlyList<Column> columns = await Columns(connection, query, cancellationToken).ConfigureAwait(false);
        Column id = Find(columns, options.IdColumn, nameof(options.IdColumn));
        Column embedding = Find(columns, options.EmbeddingColumn, nameof(options.EmbeddingColumn));
        Column? geometry = Geometry(columns, options);
        Column[] carried =
            [.. columns.Where(column => options.CarryColumns && column != id && column != embedding && column != geometry)];
        if (!QueryColumns.IsIdType(id.Type))
        {
            throw QueryErrors.IdType(id.Name, id.Type);
        }

        if (Array.Find(carried, column => !QueryColumns.IsSupported(column.Type)) is { } odd)
        {
            throw QueryErrors.CarriedType(odd.Name, odd.Type);
        }

        string cast = $"{SqlIdentifier.Quote(embedding.Name)}::real[]";

        // The array as the server would send it in any case, but as bytes, which are decoded here in one go.
        string vector = $"array_send({cast})";
        IEnumerable<string> all =
        [
            SqlIdentifier.Quote(id.Name),
            vector,
            .. geometry is null ? [] : new[] { $"ST_AsEWKB({SqlIdentifier.Quote(geometry.Name)})" },
            .. carried.Select(column => SqlIdentifier.Quote(column.Name)),
        ];
        return new QueryShape(
            $"SELECT {string.Join(", ", all)} FROM ({query}) AS q",
            $"SELECT {vector} FROM ({query}) AS q",
            $"SELECT cardinality({cast}) FROM ({query}) AS q LIMIT 1",
            geometry is null ? "" : $"SELECT ST_SRID(g) FROM (SELECT {SqlIdentifier.Quote(geometry.Name)} AS g FROM ({query}) AS q) AS s WHERE g IS NOT NULL LIMIT 1",
            id.Type,
            geometry is not null,
            [.. carried.Select(column => (column.Name, column.Type))]);
    }

    private static Column Find(IReadOnlyList<Column> columns, string name, string option) =>
        columns.FirstOrDefault(column => column.Name == name)
        ?? throw QueryErrors.NoColumn(name, option, columns.Select(column => column.Name));

    private static Column? Geometry(IReadOnlyList<Column> columns, PostgresFeatureOptions options)
    {
        if (options.GeometryColumn is not null)
        {
            Column named = Find(columns, options.GeometryColumn, nameof(options.GeometryColumn));
            return named.IsGeometry ? named : throw QueryErrors.GeometryType(named.Name, named.Type);
        }

        Column[] found = [.. columns.Where(column => column.IsGeometry)];
        return found.Length > 1 ? throw QueryErrors.SeveralGeometries(found.Select(column => column.Name)) : found.FirstOrDefault();
    }

    // The server is asked for the names: Npgsql knows no type that has come since it first connected, by CREATE EXTENSION.
    private static async Task<IReadOnlyList<Column>> Columns(NpgsqlConnection connection, string query, CancellationToken cancellationToken)
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

        var types = new Dictionary<uint, (string Type, bool IsGeometry)>();
        string oids = string.Join(", ", columns.Select(column => column.TypeOID).Append(0u));
        using (var command = new NpgsqlCommand(
            $"SELECT oid, format_type(oid, NULL), typname = 'geometry' FROM pg_type WHERE oid IN ({oids})", connection))
        {
            NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    types.Add(reader.GetFieldValue<uint>(0), (reader.GetString(1), reader.GetBoolean(2)));
                }
            }
        }

        return [.. columns.Select(column => new Column(column.ColumnName, types[column.TypeOID].Type, types[column.TypeOID].IsGeometry))];
    }

    private sealed record Column(string Name, string Type, bool IsGeometry);
}
