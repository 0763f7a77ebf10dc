using System.Text.Json;

namespace GpuKMeans.Spatial;

/// <summary>A coordinate reference system, as GeoParquet and PostGIS need it: PROJJSON, and an EPSG code where it has one.</summary>
public sealed class CoordinateReferenceSystem
{
    private CoordinateReferenceSystem(string name, string? authority, string? code, JsonElement projJson)
    {
        Name = name;
        Authority = authority;
        Code = code;
        ProjJson = projJson;
    }

    /// <summary>The system's name, such as "WGS 84 / UTM zone 23S".</summary>
    public string Name { get; }

    /// <summary>Who gave the code, such as "EPSG" or "OGC"; null when the system has none.</summary>
    public string? Authority { get; }

    /// <summary>The code, such as "4326" or "CRS84"; null when the system has none.</summary>
    public string? Code { get; }

    /// <summary>The definition as a PROJJSON object.</summary>
    public JsonElement ProjJson { get; }
}
