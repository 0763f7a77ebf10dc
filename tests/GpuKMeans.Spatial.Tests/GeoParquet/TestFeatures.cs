using NetTopologySuite.Geometries;
using NetTopologySuite.IO;

namespace GpuKMeans.Spatial.Tests.GeoParquet;

/// <summary>Features to write.</summary>
internal static class TestFeatures
{
    /// <summary>A row for each WKT text, null for a row without geometry; ids and cluster ids count up.</summary>
    public static ClusteredFeatures OfWkt(CoordinateReferenceSystem? crs, params string?[] wkt) =>
        OfGeometries(crs, [.. wkt.Select(Wkt)]);

    public static ClusteredFeatures OfGeometries(CoordinateReferenceSystem? crs, params Geometry?[] geometries) =>
        new(Ids(geometries.Length), Clusters(geometries.Length), geometries, crs);

    public static ClusteredFeatures OfColumns(int rows, params FeatureColumn[] columns) =>
        new(Ids(rows), Clusters(rows), columns: columns);

    /// <summary>Points on the diagonal: row i at (i, i).</summary>
    public static ClusteredFeatures Diagonal(int rows) => new(
        FeatureColumn.Create("id", Enumerable.Range(0, rows).Select(i => $"row {i}").ToList()),
        Clusters(rows),
        Enumerable.Range(0, rows).Select(i => new Point(i, i)).ToList(),
        CoordinateReferenceSystem.Parse("EPSG:4326"));

    public static FeatureColumn Ids(int rows) => FeatureColumn.Create("id", Enumerable.Range(0, rows).ToList());

    public static int[] Clusters(int rows) => [.. Enumerable.Range(0, rows).Select(i => i % 3)];

    public static Geometry? Wkt(string? wkt) => wkt is null ? null : new WKTReader().Read(wkt);
}
