using Npgsql;

namespace GpuKMeans.Spatial;

/// <summary>What the first rows of a query tell.</summary>
/// <param name="Dimension">The number of values in a vector.</param>
/// <param name="Crs">The reference system of the geometries, where it is known.</param>
internal sealed record QuerySample(int Dimension, CoordinateReferenceSystem? Crs)
{
    public static async Task<QuerySample> Of(
        NpgsqlConnection connection, QueryShape shape, PostgresFeatureOptions options, CancellationToken cancellationToken)
    {
        object? length = await Scalar(shape.SelectLength).ConfigureAwait(false);
        int dimension = length switch
        {
            null => throw QueryErrors.NoRows(),
            int and > 0 => (int)length,
            _ => throw QueryErrors.NullVector(0),
        };
        CoordinateReferenceSystem? crs = CoordinateReferenceSystem.ParseOrNull(options.Crs);
        if (crs is null && shape.HasGeometry)
        {
            crs = await Scalar(shape.SelectSrid).ConfigureAwait(false) is int srid
                && CoordinateReferenceSystem.TryParse($"EPSG:{srid}", out CoordinateReferenceSystem? found) ? found : null;
        }

        return new QuerySample(dimension, crs);

        async Task<object?> Scalar(string sql)
        {
            using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
