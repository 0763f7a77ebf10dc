using System.Collections.Immutable;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>What will be loaded, checked row by row before there is a connection.</summary>
internal sealed class LoadPlan
{
    // PostgreSQL has these in every table.
    private static readonly string[] SystemColumns = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

    private LoadPlan(ImmutableArray<LoadColumn> columns, GeometryLoadColumn? geometry, int rowCount)
    {
        Columns = columns;
        Geometry = geometry;
        RowCount = rowCount;
    }

    /// <summary>The columns of the table: ids, cluster ids, the geometry where there is one, and the others.</summary>
    public ImmutableArray<LoadColumn> Columns { get; }

    /// <summary>The geometry column among them, null when there is none.</summary>
    public GeometryLoadColumn? Geometry { get; }

    public int RowCount { get; }

    /// <summary>Checks features and finds the columns that hold them.</summary>
    /// <param name="features">The rows.</param>
    /// <param name="geometryColumn">The name of the geometry column.</param>
    /// <param name="before">The plan of the batches before, whose geometries the column must hold as well.</param>
    /// <param name="cancellationToken">Stops the check.</param>
    public static LoadPlan For(
        ClusteredFeatures features, string geometryColumn, LoadPlan? before, CancellationToken cancellationToken)
    {
        var columns = ImmutableArray.CreateBuilder<LoadColumn>();
        columns.Add(LoadColumns.For(features.Ids, isNullable: false, cancellationToken));
        columns.Add(LoadColumns.For(features.ClusterIds, isNullable: false, cancellationToken));

        GeometryLoadColumn? geometry = null;
        if (features.Geometries is not null)
        {
            GeometryColumnType? earlier = before?.Geometry is { HasAny: true } column ? column.Type : null;
            (GeometryColumnType type, bool any) = GeometryScan.Run(features.Geometries, features.Crs, earlier, cancellationToken);
            geometry = new GeometryLoadColumn(geometryColumn, features.Geometries, type, any);
            columns.Add(geometry);
        }

        foreach (FeatureColumn column in features.Columns)
        {
            columns.Add(LoadColumns.For(column, column.IsNullable, cancellationToken));
        }

        CheckNames(columns);
        return new LoadPlan(columns.ToImmutable(), geometry, features.Count);
    }

    /// <summary>The first column whose type is another than in the plan of an earlier batch; geometries may differ.</summary>
    public LoadColumn? Different(LoadPlan before) => Columns.Zip(before.Columns)
        .FirstOrDefault(pair => pair.First is not GeometryLoadColumn && pair.First.SqlType(null) != pair.Second.SqlType(null)).First;

    private static void CheckNames(IEnumerable<LoadColumn> columns)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (LoadColumn column in columns)
        {
            SqlIdentifier.Check(column.Name, "features");
            if (SystemColumns.Contains(column.Name))
            {
                throw PostGisErrors.SystemColumnName(column.Name);
            }

            if (!names.Add(column.Name))
            {
                throw PostGisErrors.GeometryColumnNameTaken(column.Name);
            }
        }
    }
}
