using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace GpuKMeans.Spatial;

/// <summary>A coordinate reference system, as GeoParquet and PostGIS need it: PROJJSON, and an EPSG code where it has one.</summary>
/// <remarks>
/// Built in: OGC:CRS84, EPSG:4326, EPSG:3857, EPSG:4674 (SIRGAS 2000), EPSG:31978 to 31985 (SIRGAS 2000 / UTM zones 18S
/// to 25S), EPSG:32601 to 32660 and EPSG:32701 to 32760 (WGS 84 / UTM zones 1N to 60N and 1S to 60S). Any other comes
/// from its PROJJSON. Immutable.
/// </remarks>
public sealed class CoordinateReferenceSystem : IEquatable<CoordinateReferenceSystem>
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

    /// <summary>
    /// The number PostGIS knows the system by: its EPSG code; 4326 for OGC:CRS84, which differs from it in the order of
    /// axes alone, and that order is always longitude, latitude there; null for any other.
    /// </summary>
    public int? Srid => this switch
    {
        { Authority: "OGC", Code: "CRS84" } => 4326,
        { Authority: "EPSG" } when int.TryParse(Code, NumberStyles.None, CultureInfo.InvariantCulture, out int code) => code,
        _ => null,
    };

    /// <summary>Finds a built-in system.</summary>
    /// <param name="crs">Such as "EPSG:4326", "OGC:CRS84" or "urn:ogc:def:crs:EPSG::31983", in upper or lower case.</param>
    /// <exception cref="ArgumentException">The system is not built in; the message lists those that are.</exception>
    public static CoordinateReferenceSystem Parse(string crs)
    {
        ArgumentNullException.ThrowIfNull(crs);
        return TryParse(crs, out CoordinateReferenceSystem? found) ? found : throw SpatialErrors.UnknownCrs(crs, CrsCatalogue.Contents);
    }

    /// <summary>Finds a built-in system, if it is one.</summary>
    /// <param name="crs">As for <see cref="Parse"/>.</param>
    /// <param name="result">The system; null when it is not built in.</param>
    public static bool TryParse([NotNullWhen(true)] string? crs, [NotNullWhen(true)] out CoordinateReferenceSystem? result)
    {
        string? definition = CrsName.Split(crs) is (string authority, string code) ? CrsCatalogue.Find(authority, code) : null;
        result = definition is null ? null : FromProjJson(definition);
        return result is not null;
    }

    /// <summary>What callers name a system by: a code that is built in, the text of a PROJJSON object, or null for none.</summary>
    internal static CoordinateReferenceSystem? ParseOrNull(string? crs) =>
        crs is null ? null : crs.TrimStart().StartsWith('{') ? FromProjJson(crs) : Parse(crs);

    /// <summary>Takes any system by its definition in PROJJSON, such as <c>projinfo EPSG:2154 -o PROJJSON -q</c> prints.</summary>
    /// <param name="projJson">The text of a JSON object.</param>
    /// <exception cref="ArgumentException">The text is not JSON, or not a coordinate reference system.</exception>
    public static CoordinateReferenceSystem FromProjJson(string projJson)
    {
        ArgumentNullException.ThrowIfNull(projJson);
        try
        {
            using var document = JsonDocument.Parse(projJson);
            return FromProjJson(document.RootElement);
        }
        catch (JsonException e)
        {
            throw SpatialErrors.InvalidProjJson(e.Message, e);
        }
    }

    /// <inheritdoc cref="FromProjJson(string)"/>
    /// <param name="projJson">A JSON object; it is copied, so its document may be disposed.</param>
    /// <exception cref="ArgumentException">It is not a coordinate reference system.</exception>
    public static CoordinateReferenceSystem FromProjJson(JsonElement projJson)
    {
        (string name, string? authority, string? code) = ProjJsonReader.Read(projJson);
        return new CoordinateReferenceSystem(name, authority, code, projJson.Clone());
    }

    /// <summary>Whether both have the same authority and code or, where neither has a code, the same definition.</summary>
    /// <param name="other">The other system.</param>
    public bool Equals(CoordinateReferenceSystem? other) => other is not null
        && Authority == other.Authority
        && Code == other.Code
        && (Code is not null || JsonElement.DeepEquals(ProjJson, other.ProjJson));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CoordinateReferenceSystem);

    /// <inheritdoc/>
    public override int GetHashCode() => Code is null ? Name.GetHashCode(StringComparison.Ordinal) : HashCode.Combine(Authority, Code);

    /// <summary>The code, such as "EPSG:4326"; without one, the name.</summary>
    public override string ToString() => Code is null ? Name : $"{Authority}:{Code}";
}
