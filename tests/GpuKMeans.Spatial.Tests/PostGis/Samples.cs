using NetTopologySuite.Geometries;
using NetTopologySuite.IO;

namespace GpuKMeans.Spatial.Tests.PostGis;

/// <summary>Small features to export.</summary>
internal static class Samples
{
    public static CoordinateReferenceSystem Wgs84 { get; } = Crs("EPSG", "4326");

    /// <summary>A system with a code, or with none.</summary>
    public static CoordinateReferenceSystem Crs(string? authority, string? code) => CoordinateReferenceSystem.FromProjJson(
        code is null
            ? """{"type": "GeographicCRS", "name": "test"}"""
            : $$$"""{"type": "GeographicCRS", "name": "test", "id": {"authority": "{{{authority}}}", "code": "{{{code}}}"}}""");

    public static Geometry Wkt(string text) => new WKTReader().Read(text);

    /// <summary>As many points as asked for on the equator, ids from <paramref name="first"/>, in one cluster.</summary>
    public static ClusteredFeatures Points(int count, int first = 0, int cluster = 0, CoordinateReferenceSystem? crs = null) => new(
        FeatureColumn.Create(ClusteredFeatures.IdColumn, Ids(count, first)),
        [.. Enumerable.Repeat(cluster, count)],
        [.. Enumerable.Range(first, count).Select(i => (Geometry)new Point(i % 180, 0))],
        crs ?? Wgs84);

    /// <summary>One feature a geometry, ids from 0.</summary>
    public static ClusteredFeatures Geometries(CoordinateReferenceSystem? crs, params Geometry?[] geometries) => new(
        FeatureColumn.Create(ClusteredFeatures.IdColumn, Ids(geometries.Length)), new int[geometries.Length], geometries, crs);

    /// <summary>One row for each value of the columns, without geometry.</summary>
    public static ClusteredFeatures Columns(params FeatureColumn[] columns) => new(
        FeatureColumn.Create(ClusteredFeatures.IdColumn, Ids(columns[0].Count)), new int[columns[0].Count], null, null, columns);

    public static int[] Ids(int count, int first = 0) => [.. Enumerable.Range(first, count)];
}
