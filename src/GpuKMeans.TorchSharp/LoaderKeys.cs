namespace GpuKMeans.Spatial;

/// <summary>How the parts of a data loader's batches are called.</summary>
public sealed record LoaderKeys
{
    /// <summary>The ids: whole numbers. Default "id".</summary>
    public string Id { get; init; } = "id";

    /// <summary>The vectors. Default "embedding".</summary>
    public string Embedding { get; init; } = "embedding";

    /// <summary>The geometries, which a batch need not have: its rows then have none. Default "geometry".</summary>
    public string Geometry { get; init; } = "geometry";
}
