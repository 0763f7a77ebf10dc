namespace GpuKMeans.Spatial;

/// <summary>What the columns of a query are to a <see cref="PostgresFeatureSource"/>. Names are taken literally.</summary>
public sealed record PostgresFeatureOptions
{
    /// <summary>The column of ids: integer, bigint, uuid or text, none null. Default: "id".</summary>
    public string IdColumn { get; init; } = "id";

    /// <summary>
    /// The column of vectors: real[], double precision[], or a type with a cast to real[], such as pgvector's; none null, all
    /// of one length. Default: "embedding".
    /// </summary>
    public string EmbeddingColumn { get; init; } = "embedding";

    /// <summary>
    /// The column of geometries (PostGIS's geometry). Default: null, the query's only column of that type, if there is one.
    /// </summary>
    public string? GeometryColumn { get; init; }

    /// <summary>
    /// The reference system of the geometries: a code that is built in, or the text of a PROJJSON object. Default: null, that
    /// of the first geometry's SRID where it is built in.
    /// </summary>
    public string? Crs { get; init; }

    /// <summary>Rows fetched at a time, 1 or more. Default: 4096.</summary>
    public int BatchSize { get; init; } = 4096;

    /// <summary>Whether all other columns of the query are carried along. Default: true.</summary>
    public bool CarryColumns { get; init; } = true;

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(IdColumn);
        ArgumentException.ThrowIfNullOrEmpty(EmbeddingColumn);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(BatchSize);
    }
}
