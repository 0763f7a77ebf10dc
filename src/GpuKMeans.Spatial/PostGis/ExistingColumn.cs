namespace GpuKMeans.Spatial.PostGis;

/// <summary>A column of a table that is there already.</summary>
/// <param name="Name">Its name.</param>
/// <param name="TypeName">The server's own name of its type, such as <c>int4</c>.</param>
/// <param name="PrintedType">Its type as the server prints it, such as <c>geometry(Point,4326)</c>.</param>
/// <param name="HasTypeModifier">Whether the type is narrowed, as by a kind of geometry and an SRID.</param>
/// <param name="NeedsValue">Whether a row must give it a value: it is NOT NULL and nothing fills it.</param>
/// <param name="IsGenerated">Whether the server computes it, so that no row may give it a value.</param>
internal sealed record ExistingColumn(
    string Name, string TypeName, string PrintedType, bool HasTypeModifier, bool NeedsValue, bool IsGenerated);
