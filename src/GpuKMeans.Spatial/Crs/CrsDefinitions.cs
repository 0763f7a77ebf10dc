namespace GpuKMeans.Spatial;

/// <summary>The definitions of the built-in systems, as PROJ writes them; areas of use are left out.</summary>
internal static class CrsDefinitions
{
    /// <summary>The base system of projections on WGS 84.</summary>
    public const string Wgs84Base = $$$"""
        {"name": "WGS 84", {{{Wgs84Datum}}}, {{{LatitudeLongitude}}}, "id": {"authority": "EPSG", "code": 4326}}
        """;

    /// <summary>The base system of projections on SIRGAS 2000.</summary>
    public const string Sirgas2000Base = $$$"""
        {"name": "SIRGAS 2000", {{{Sirgas2000Datum}}}, {{{LatitudeLongitude}}}, "id": {"authority": "EPSG", "code": 4674}}
        """;

    /// <summary>EPSG:4326. Its axes are latitude, longitude: that is what it is, though files and tables hold x before y.</summary>
    public const string Wgs84 = $$$"""
        {{{{Schema}}}, "type": "GeographicCRS", "name": "WGS 84", {{{Wgs84Datum}}}, {{{LatitudeLongitude}}},
         "id": {"authority": "EPSG", "code": 4326}}
        """;

    /// <summary>OGC:CRS84: the same with longitude first.</summary>
    public const string Crs84 = $$$"""
        {{{{Schema}}}, "type": "GeographicCRS", "name": "WGS 84 (CRS84)", {{{Wgs84Datum}}},
         "coordinate_system": {"subtype": "ellipsoidal", "axis": [{{{Longitude}}}, {{{Latitude}}}]},
         "id": {"authority": "OGC", "code": "CRS84"}}
        """;

    /// <summary>EPSG:4674.</summary>
    public const string Sirgas2000 = $$$"""
        {{{{Schema}}}, "type": "GeographicCRS", "name": "SIRGAS 2000", {{{Sirgas2000Datum}}}, {{{LatitudeLongitude}}},
         "id": {"authority": "EPSG", "code": 4674}}
        """;

    /// <summary>EPSG:3857.</summary>
    public const string WebMercator = $$$"""
        {{{{Schema}}}, "type": "ProjectedCRS", "name": "WGS 84 / Pseudo-Mercator", "base_crs": {{{Wgs84Base}}},
         "conversion": {
           "name": "Popular Visualisation Pseudo-Mercator",
           "method": {"name": "Popular Visualisation Pseudo Mercator", "id": {"authority": "EPSG", "code": 1024}},
           "parameters": [
             {"name": "Latitude of natural origin", "value": 0, "unit": "degree", "id": {"authority": "EPSG", "code": 8801}},
             {"name": "Longitude of natural origin", "value": 0, "unit": "degree", "id": {"authority": "EPSG", "code": 8802}},
             {"name": "False easting", "value": 0, "unit": "metre", "id": {"authority": "EPSG", "code": 8806}},
             {"name": "False northing", "value": 0, "unit": "metre", "id": {"authority": "EPSG", "code": 8807}}
           ]
         },
         "coordinate_system": {
           "subtype": "Cartesian",
           "axis": [
             {"name": "Easting", "abbreviation": "X", "direction": "east", "unit": "metre"},
             {"name": "Northing", "abbreviation": "Y", "direction": "north", "unit": "metre"}
           ]
         },
         "id": {"authority": "EPSG", "code": 3857}}
        """;

    /// <summary>A zone of Universal Transverse Mercator: all zones differ in their meridian and hemisphere alone.</summary>
    /// <param name="baseCrs">The base system as JSON.</param>
    /// <param name="baseName">Its name.</param>
    /// <param name="code">The zone's EPSG code.</param>
    /// <param name="zone">From 1, at 180° to 174° west, to 60.</param>
    /// <param name="south">Whether northings count from 10,000 km below the equator.</param>
    public static string Utm(string baseCrs, string baseName, int code, int zone, bool south)
    {
        string name = $"UTM zone {zone}{(south ? 'S' : 'N')}";
        return $$$"""
            {{{{Schema}}}, "type": "ProjectedCRS", "name": "{{{baseName}}} / {{{name}}}", "base_crs": {{{baseCrs}}},
             "conversion": {
               "name": "{{{name}}}",
               "method": {"name": "Transverse Mercator", "id": {"authority": "EPSG", "code": 9807}},
               "parameters": [
                 {"name": "Latitude of natural origin", "value": 0, "unit": "degree", "id": {"authority": "EPSG", "code": 8801}},
                 {"name": "Longitude of natural origin", "value": {{{6 * zone - 183}}}, "unit": "degree", "id": {"authority": "EPSG", "code": 8802}},
                 {"name": "Scale factor at natural origin", "value": 0.9996, "unit": "unity", "id": {"authority": "EPSG", "code": 8805}},
                 {"name": "False easting", "value": 500000, "unit": "metre", "id": {"authority": "EPSG", "code": 8806}},
                 {"name": "False northing", "value": {{{(south ? 10_000_000 : 0)}}}, "unit": "metre", "id": {"authority": "EPSG", "code": 8807}}
               ]
             },
             "coordinate_system": {
               "subtype": "Cartesian",
               "axis": [
                 {"name": "Easting", "abbreviation": "E", "direction": "east", "unit": "metre"},
                 {"name": "Northing", "abbreviation": "N", "direction": "north", "unit": "metre"}
               ]
             },
             "id": {"authority": "EPSG", "code": {{{code}}} }}
            """;
    }

    private const string Schema = """
        "$schema": "https://proj.org/schemas/v0.7/projjson.schema.json"
        """;

    private const string Latitude = """
        {"name": "Geodetic latitude", "abbreviation": "Lat", "direction": "north", "unit": "degree"}
        """;

    private const string Longitude = """
        {"name": "Geodetic longitude", "abbreviation": "Lon", "direction": "east", "unit": "degree"}
        """;

    private const string LatitudeLongitude = $$$"""
        "coordinate_system": {"subtype": "ellipsoidal", "axis": [{{{Latitude}}}, {{{Longitude}}}]}
        """;

    private const string Wgs84Datum = """
        "datum_ensemble": {
          "name": "World Geodetic System 1984 ensemble",
          "members": [
            {"name": "World Geodetic System 1984 (Transit)", "id": {"authority": "EPSG", "code": 1166}},
            {"name": "World Geodetic System 1984 (G730)", "id": {"authority": "EPSG", "code": 1152}},
            {"name": "World Geodetic System 1984 (G873)", "id": {"authority": "EPSG", "code": 1153}},
            {"name": "World Geodetic System 1984 (G1150)", "id": {"authority": "EPSG", "code": 1154}},
            {"name": "World Geodetic System 1984 (G1674)", "id": {"authority": "EPSG", "code": 1155}},
            {"name": "World Geodetic System 1984 (G1762)", "id": {"authority": "EPSG", "code": 1156}},
            {"name": "World Geodetic System 1984 (G2139)", "id": {"authority": "EPSG", "code": 1309}}
          ],
          "ellipsoid": {"name": "WGS 84", "semi_major_axis": 6378137, "inverse_flattening": 298.257223563},
          "accuracy": "2.0",
          "id": {"authority": "EPSG", "code": 6326}
        }
        """;

    private const string Sirgas2000Datum = """
        "datum": {
          "type": "GeodeticReferenceFrame",
          "name": "Sistema de Referencia Geocentrico para las AmericaS 2000",
          "ellipsoid": {"name": "GRS 1980", "semi_major_axis": 6378137, "inverse_flattening": 298.257222101}
        }
        """;
}
