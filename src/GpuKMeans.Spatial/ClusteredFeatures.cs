using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial;

/// <summary>
/// Rows with the cluster each belongs to: an id, a cluster id, a geometry where there is one, and any further columns.
/// What <see cref="KMeansClusteringTool"/> returns and what an <see cref="IFeatureExporter"/> writes.
/// </summary>
/// <remarks>Immutable. The lists given are not copied: leave them unchanged while this is in use.</remarks>
public sealed class ClusteredFeatures
{
    /// <summary>The name of the column of ids in files and tables.</summary>
    public const string IdColumn = "id";

    /// <summary>The name of the column of cluster ids in files and tables.</summary>
    public const string ClusterIdColumn = "cluster_id";

    /// <summary>The default name of the geometry column in files and tables.</summary>
    public const string GeometryColumn = "geometry";

    /// <summary>Ties the parts together.</summary>
    /// <param name="ids">One id a row, named <see cref="IdColumn"/>, none null: string, int, long or Guid.</param>
    /// <param name="clusterIds">One cluster a row, from 0.</param>
    /// <param name="geometries">One geometry a row, null where a row has none; or null when there is no geometry at all.</param>
    /// <param name="crs">The reference system of the geometries; null when it is not known.</param>
    /// <param name="columns">Further columns, one value a row, with names of their own.</param>
    /// <exception cref="ArgumentException">Lengths differ, a name is taken, an id is null or of another type.</exception>
    public ClusteredFeatures(
        FeatureColumn ids,
        IReadOnlyList<int> clusterIds,
        IReadOnlyList<Geometry?>? geometries = null,
        CoordinateReferenceSystem? crs = null,
        IReadOnlyList<FeatureColumn>? columns = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(clusterIds);
        CheckIds(ids);
        if (ids.Name != IdColumn)
        {
            throw SpatialErrors.IdColumnName(ids.Name);
        }

        Ids = ids;
        ClusterIds = FeatureColumn.Create(ClusterIdColumn, clusterIds);
        Geometries = geometries;
        Crs = crs;
        Columns = columns ?? [];

        CheckLength("clusterIds", clusterIds.Count);
        if (geometries is not null)
        {
            CheckLength("geometries", geometries.Count);
        }

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { IdColumn, ClusterIdColumn };
        foreach (FeatureColumn column in Columns)
        {
            ArgumentNullException.ThrowIfNull(column, nameof(columns));
            CheckLength($"Column \"{column.Name}\"", column.Count, nameof(columns));
            if (!names.Add(column.Name))
            {
                throw SpatialErrors.DuplicateColumn(column.Name);
            }
        }
    }

    /// <summary>The ids, one a row: a column of string, int, long or Guid named <see cref="IdColumn"/>.</summary>
    public FeatureColumn Ids { get; }

    /// <summary>The cluster of each row, named <see cref="ClusterIdColumn"/>.</summary>
    public FeatureColumn<int> ClusterIds { get; }

    /// <summary>The geometry of each row, null for a row that has none; null when there is no geometry at all.</summary>
    public IReadOnlyList<Geometry?>? Geometries { get; }

    /// <summary>The reference system of the geometries; null when it is not known.</summary>
    public CoordinateReferenceSystem? Crs { get; }

    /// <summary>Further columns, in the order they are written, after the ids and the cluster ids.</summary>
    public IReadOnlyList<FeatureColumn> Columns { get; }

    /// <summary>The number of rows.</summary>
    public int Count => Ids.Count;

    private static void CheckIds(FeatureColumn ids)
    {
        if (ids.ElementType != typeof(string) && ids.ElementType != typeof(int)
            && ids.ElementType != typeof(long) && ids.ElementType != typeof(Guid))
        {
            throw SpatialErrors.UnsupportedIdType(ids.ElementType);
        }

        if (ids.IsNullable)
        {
            for (int row = 0; row < ids.Count; row++)
            {
                if (ids[row] is null)
                {
                    throw SpatialErrors.NullId(row);
                }
            }
        }
    }

    private void CheckLength(string what, int count, string? parameter = null)
    {
        if (count != Ids.Count)
        {
            throw SpatialErrors.LengthMismatch(what, count, "ids", Ids.Count, parameter ?? what);
        }
    }
}
