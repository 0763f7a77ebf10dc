using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial;

/// <summary>Rows of a <see cref="FeatureSource"/>: an id and a vector each, and what is carried along.</summary>
public sealed class FeatureBatch
{
    /// <summary>Ties the parts together.</summary>
    /// <param name="ids">One id a row, named <see cref="ClusteredFeatures.IdColumn"/>: string, int, long or Guid.</param>
    /// <param name="vectors">The vectors, one after another: as many values a row as the source has dimensions.</param>
    /// <param name="geometries">One geometry a row, null where a row has none; or null when there is no geometry at all.</param>
    /// <param name="columns">Further columns, one value a row.</param>
    public FeatureBatch(
        FeatureColumn ids,
        ReadOnlyMemory<float> vectors,
        IReadOnlyList<Geometry?>? geometries = null,
        IReadOnlyList<FeatureColumn>? columns = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        (Ids, Vectors, Geometries, Columns) = (ids, vectors, geometries, columns ?? []);
    }

    /// <summary>The ids, one a row.</summary>
    public FeatureColumn Ids { get; }

    /// <summary>The vectors, one after another.</summary>
    public ReadOnlyMemory<float> Vectors { get; }

    /// <summary>The geometry of each row, null for a row that has none; null when there is no geometry at all.</summary>
    public IReadOnlyList<Geometry?>? Geometries { get; }

    /// <summary>Further columns.</summary>
    public IReadOnlyList<FeatureColumn> Columns { get; }

    /// <summary>The number of rows.</summary>
    public int Count => Ids.Count;

    /// <summary>Makes a batch of ids of a type.</summary>
    /// <typeparam name="TId">The type of an id: string, int, long or Guid.</typeparam>
    /// <inheritdoc cref="FeatureBatch(FeatureColumn, ReadOnlyMemory{float}, IReadOnlyList{Geometry?}?, IReadOnlyList{FeatureColumn}?)" path="/param"/>
    public static FeatureBatch Create<TId>(
        IReadOnlyList<TId> ids,
        ReadOnlyMemory<float> vectors,
        IReadOnlyList<Geometry?>? geometries = null,
        IReadOnlyList<FeatureColumn>? columns = null) =>
        new(FeatureColumn.Create(ClusteredFeatures.IdColumn, ids), vectors, geometries, columns);

    internal void CheckVectors(int dimension, long firstRow)
    {
        if (Vectors.Length != (long)Count * dimension)
        {
            throw SpatialErrors.SourceVectors(firstRow, Vectors.Length, Count, dimension);
        }
    }
}
