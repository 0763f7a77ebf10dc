namespace GpuKMeans.Spatial;

/// <summary>Takes apart the names by which systems are known.</summary>
internal static class CrsName
{
    private const string Urn = "urn:ogc:def:crs:";

    /// <summary>
    /// Authority and code, in upper case, of "EPSG:4326" or of "urn:ogc:def:crs:EPSG:version:4326"; null of anything else.
    /// </summary>
    public static (string Authority, string Code)? Split(string? name)
    {
        string text = name?.Trim().ToUpperInvariant() ?? "";
        if (!text.StartsWith(Urn, StringComparison.OrdinalIgnoreCase))
        {
            return text.Split(':') is [var authority, var code] ? (authority, code) : null;
        }

        // The version between the two is often left out, and does not change which system is meant.
        return text[Urn.Length..].Split(':') is [var owner, _, var number] ? (owner, number) : null;
    }
}
