using System.Text;

namespace GpuKMeans.Spatial.PostGis;

/// <summary>Names of schemas, tables and columns, which reach the server as they are given.</summary>
internal static class SqlIdentifier
{
    /// <summary>PostgreSQL cuts longer names short without an error, so they are refused here.</summary>
    public const int MaxBytes = 63;

    /// <summary>Refuses a name that PostgreSQL could not keep as it is.</summary>
    public static void Check(string? name, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(name, parameter);
        if (PostgresText.Flaw(name) is string flaw)
        {
            throw PostGisErrors.UnstorableName(name, flaw, parameter);
        }

        int bytes = Encoding.UTF8.GetByteCount(name);
        if (bytes > MaxBytes)
        {
            throw PostGisErrors.NameTooLong(name, bytes, parameter);
        }
    }

    /// <summary>The name as SQL writes it, whatever characters it has.</summary>
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>The name, cut between characters to so many bytes.</summary>
    public static string Truncate(string name, int maxBytes)
    {
        int length = 0;
        foreach (Rune rune in name.EnumerateRunes())
        {
            maxBytes -= rune.Utf8SequenceLength;
            if (maxBytes < 0)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return name[..length];
    }
}
