using System.Globalization;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>The type of a geometry column: what it holds, whether with Z, and its SRID (0: unknown).</summary>
internal readonly record struct GeometryColumnType(string Kind, bool HasZ, int Srid)
{
    /// <summary>The kind of a column that takes any geometry.</summary>
    public const string AnyKind = "Geometry";

    /// <summary>As the server prints it, which leaves out a schema and SRID 0.</summary>
    /// <param name="printed">Such as <c>geometry(PointZ,4326)</c> or <c>gis.geometry(Point)</c>.</param>
    public static GeometryColumnType Parse(string printed)
    {
        int open = printed.LastIndexOf('(');
        if (open < 0)
        {
            return new GeometryColumnType(AnyKind, false, 0);
        }

        string[] parts = printed[(open + 1)..^1].Split(',');
        int srid = parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
        bool hasZ = parts[0].EndsWith('Z');
        return new GeometryColumnType(hasZ ? parts[0][..^1] : parts[0], hasZ, srid);
    }

    /// <summary>Whether a column of this type takes every value of another.</summary>
    public bool Takes(GeometryColumnType other) =>
        (Kind == AnyKind || Kind == other.Kind) && HasZ == other.HasZ && Srid == other.Srid;

    /// <summary>As SQL writes it, without a schema.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"geometry({Kind}{(HasZ ? "Z" : "")},{Srid})");
}
