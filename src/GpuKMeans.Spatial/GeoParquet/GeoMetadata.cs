using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace GpuKMeans.Spatial;

/// <summary>Words the "geo" metadata of a GeoParquet 1.1 file.</summary>
internal static class GeoMetadata
{
    /// <summary>The key of the metadata in the file.</summary>
    public const string Key = "geo";

    private static readonly string[] _sides = ["xmin", "ymin", "xmax", "ymax"];

    /// <summary>The metadata as JSON.</summary>
    /// <param name="geometryColumn">The name of the column of geometries.</param>
    /// <param name="summary">What is known of the geometries written.</param>
    /// <param name="crs">Their reference system; null is written as null, which says that it is not known.</param>
    /// <param name="covering">Whether there is a bbox column.</param>
    public static string Write(string geometryColumn, GeometrySummary summary, CoordinateReferenceSystem? crs, bool covering)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.1.0");
            json.WriteString("primary_column", geometryColumn);
            json.WriteStartObject("columns");
            json.WriteStartObject(geometryColumn);
            WriteColumn(json, summary, crs);
            if (covering)
            {
                WriteCovering(json);
            }

            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(memory.GetBuffer(), 0, (int)memory.Length);
    }

    private static void WriteColumn(Utf8JsonWriter json, GeometrySummary summary, CoordinateReferenceSystem? crs)
    {
        json.WriteString("encoding", "WKB");
        WriteArray(json, "geometry_types", summary.Types, json.WriteStringValue);

        // Always there: without the key, a reader would have to assume longitude and latitude.
        json.WritePropertyName("crs");
        if (crs is null)
        {
            json.WriteNullValue();
        }
        else
        {
            crs.ProjJson.WriteTo(json);
        }

        Bounds b = summary.Bounds;
        if (!b.IsEmpty)
        {
            double[] box = b.HasZ ? [b.MinX, b.MinY, b.MinZ, b.MaxX, b.MaxY, b.MaxZ] : [b.MinX, b.MinY, b.MaxX, b.MaxY];
            WriteArray(json, "bbox", box, json.WriteNumberValue);
        }
    }

    private static void WriteCovering(Utf8JsonWriter json)
    {
        json.WriteStartObject("covering");
        json.WriteStartObject("bbox");
        foreach (string side in _sides)
        {
            WriteArray(json, side, [BboxCovering.Name, side], json.WriteStringValue);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteArray<T>(Utf8JsonWriter json, string name, IEnumerable<T> values, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (T value in values)
        {
            write(value);
        }

        json.WriteEndArray();
    }
}
