using System.Globalization;

namespace GpuKMeans.Spatial;

/// <summary>The systems known without being given, by authority and code.</summary>
internal static class CrsCatalogue
{
    /// <summary>What is built in, for messages.</summary>
    public const string Contents =
        "OGC:CRS84, EPSG:4326, EPSG:3857, EPSG:4674, EPSG:31978 to 31985 (SIRGAS 2000 / UTM zones 18S to 25S), "
        + "EPSG:32601 to 32660 (WGS 84 / UTM zones 1N to 60N), EPSG:32701 to 32760 (WGS 84 / UTM zones 1S to 60S)";

    /// <summary>The PROJJSON of a system; null when it is not built in.</summary>
    public static string? Find(string authority, string code) => authority switch
    {
        "OGC" when code == "CRS84" => CrsDefinitions.Crs84,
        "EPSG" when int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out int number) => FindEpsg(number),
        _ => null,
    };

    private static string? FindEpsg(int code) => code switch
    {
        4326 => CrsDefinitions.Wgs84,
        3857 => CrsDefinitions.WebMercator,
        4674 => CrsDefinitions.Sirgas2000,
        >= 31978 and <= 31985 => CrsDefinitions.Utm(CrsDefinitions.Sirgas2000Base, "SIRGAS 2000", code, zone: code - 31960, south: true),
        >= 32601 and <= 32660 => CrsDefinitions.Utm(CrsDefinitions.Wgs84Base, "WGS 84", code, zone: code - 32600, south: false),
        >= 32701 and <= 32760 => CrsDefinitions.Utm(CrsDefinitions.Wgs84Base, "WGS 84", code, zone: code - 32700, south: true),
        _ => null,
    };
}
