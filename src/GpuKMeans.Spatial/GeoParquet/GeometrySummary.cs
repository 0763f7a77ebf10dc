using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial;

/// <summary>What the metadata of a file says of all its geometries: which types there are, and the box around them.</summary>
internal sealed class GeometrySummary
{
    private readonly SortedSet<(bool HasZ, OgcGeometryType Type)> _types = [];
    private Bounds _bounds = new();

    public Bounds Bounds => _bounds;

    /// <summary>The types seen, in the order of their codes, those with Z last.</summary>
    public IEnumerable<string> Types => _types.Select(t => t.HasZ ? $"{t.Type} Z" : t.Type.ToString());

    /// <summary>Adds a geometry, one that was written, with its box.</summary>
    public void Add(Geometry geometry, in Bounds bounds)
    {
        _types.Add((bounds.HasZ, geometry.OgcGeometryType));
        _bounds.Add(bounds);
    }
}
