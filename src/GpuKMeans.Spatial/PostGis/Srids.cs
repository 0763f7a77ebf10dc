using System.Globalization;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>The numbers by which PostGIS knows reference systems, which are EPSG's.</summary>
internal static class Srids
{
    /// <summary>The SRID of a reference system; null when it has no EPSG code.</summary>
    public static int? Of(CoordinateReferenceSystem? crs) => (crs?.Authority, crs?.Code) switch
    {
        ("EPSG", string code) when int.TryParse(code, CultureInfo.InvariantCulture, out int srid) => srid,

        // WGS 84 with longitude first, which is what PostGIS means by 4326.
        ("OGC", "CRS84") => 4326,
        _ => null,
    };
}
