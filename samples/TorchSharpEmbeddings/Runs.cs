namespace TorchSharpEmbeddings;

/// <summary>A name as numbers: one for each run of three characters, hashed.</summary>
internal static class Runs
{
    /// <summary>What fills up the places of a short name: 0.</summary>
    public const long None = 0;

    /// <summary>How many numbers there are.</summary>
    public const int Kinds = 1 << 14;

    /// <summary>The runs kept of a name.</summary>
    public const int Most = 24;

    /// <summary>Writes the runs of a name, spaces before and after it counted as characters.</summary>
    public static void Of(string name, Span<long> runs)
    {
        runs.Clear();
        string text = $" {name.ToLowerInvariant()} ";
        for (int i = 0; i < Math.Min(text.Length - 2, Most); i++)
        {
            uint hash = 2166136261;
            foreach (char c in text.AsSpan(i, 3))
            {
                hash = (hash ^ c) * 16777619;
            }

            runs[i] = 1 + ((hash ^ (hash >> 15)) % (Kinds - 1));
        }
    }
}
