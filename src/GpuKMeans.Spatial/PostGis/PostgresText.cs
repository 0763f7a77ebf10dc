namespace GpuKMeans.Spatial.PostGis;

/// <summary>What .NET text may hold that PostgreSQL's cannot.</summary>
internal static class PostgresText
{
    /// <summary>What keeps the text from being stored, in words; null when nothing does.</summary>
    public static string? Flaw(string text)
    {
        if (text.Contains('\0'))
        {
            return "the character U+0000";
        }

        return HasLoneSurrogate(text) ? "half of a surrogate pair" : null;
    }

    private static bool HasLoneSurrogate(ReadOnlySpan<char> text)
    {
        int next;
        while ((next = text.IndexOfAnyInRange('\uD800', '\uDFFF')) >= 0)
        {
            if (next + 1 == text.Length || !char.IsSurrogatePair(text[next], text[next + 1]))
            {
                return true;
            }

            text = text[(next + 2)..];
        }

        return false;
    }
}
