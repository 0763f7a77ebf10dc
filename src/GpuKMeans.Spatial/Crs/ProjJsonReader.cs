using System.Collections.Frozen;
using System.Text.Json;

namespace GpuKMeans.Spatial;

/// <summary>Checks that JSON is a coordinate reference system in PROJJSON, and reads what identifies it.</summary>
internal static class ProjJsonReader
{
    private static readonly FrozenSet<string> _types = FrozenSet.Create(
        "GeographicCRS", "GeodeticCRS", "ProjectedCRS", "BoundCRS", "CompoundCRS", "EngineeringCRS", "ParametricCRS",
        "TemporalCRS", "VerticalCRS", "DerivedGeographicCRS", "DerivedGeodeticCRS", "DerivedProjectedCRS",
        "DerivedEngineeringCRS", "DerivedParametricCRS", "DerivedTemporalCRS", "DerivedVerticalCRS");

    /// <summary>The name, and the authority and code where there is an id.</summary>
    /// <exception cref="ArgumentException">It is something else.</exception>
    public static (string Name, string? Authority, string? Code) Read(JsonElement crs)
    {
        if (crs.ValueKind != JsonValueKind.Object)
        {
            throw SpatialErrors.InvalidProjJson($"it is {Describe(crs.ValueKind)}, not an object.");
        }

        string type = Text(crs, "type") ?? throw SpatialErrors.InvalidProjJson("it has no \"type\".");
        if (!_types.Contains(type))
        {
            throw SpatialErrors.InvalidProjJson($"its \"type\" is \"{type}\", not one of {string.Join(", ", _types.Order(StringComparer.Ordinal))}.");
        }

        // A bound system may leave its name to the system it binds.
        string? name = Text(crs, "name") ?? (crs.TryGetProperty("source_crs", out JsonElement source) ? Text(source, "name") : null);
        (string? authority, string? code) = Id(crs);
        return (name ?? throw SpatialErrors.InvalidProjJson("it has no \"name\"."), authority, code);
    }

    private static (string? Authority, string? Code) Id(JsonElement crs)
    {
        if (!crs.TryGetProperty("id", out JsonElement id) || id.ValueKind != JsonValueKind.Object)
        {
            return (null, null);
        }

        string? authority = Text(id, "authority")?.ToUpperInvariant();
        string? code = id.TryGetProperty("code", out JsonElement value) && value.ValueKind is JsonValueKind.Number or JsonValueKind.String
            ? value.ToString()
            : null;
        return authority is null || code is null
            ? throw SpatialErrors.InvalidProjJson("its \"id\" needs an \"authority\" and a \"code\".")
            : (authority, code);
    }

    private static string? Text(JsonElement element, string property) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(property, out JsonElement value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static string Describe(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        _ => "a value",
    };
}
