using System.Globalization;
using System.Runtime.InteropServices;

namespace PlaceNames;

/// <summary>
/// Turns names into vectors: names that share beginnings, endings and syllables come to lie near each other.
/// </summary>
/// <remarks>
/// Every run of 2 to 4 characters of a word, its boundaries counted as characters, is hashed to one of 256 dimensions
/// and a sign, so that runs which meet in a dimension cancel as often as they add. A run met n times adds ±(1 + ln n).
/// The vector is scaled to unit length.
/// </remarks>
internal static class NameEmbedding
{
    public const int Dimension = 256;
    private const int Shortest = 2, Longest = 4;
    private const char Boundary = ' ';

    public static float[,] Of(IReadOnlyList<Place> places)
    {
        var embeddings = new float[places.Count, Dimension];
        Parallel.For(0, places.Count, row =>
            Embed(places[row].Name, MemoryMarshal.CreateSpan(ref embeddings[row, 0], Dimension)));
        return embeddings;
    }

    private static void Embed(string name, Span<float> vector)
    {
        string text = Words(name);
        var hashes = new List<uint>();
        for (int start = 0; start < text.Length; start++)
        {
            for (int length = Shortest; length <= Longest && start + length <= text.Length; length++)
            {
                hashes.Add(Hash(text.AsSpan(start, length)));
                if (text[start + length - 1] == Boundary)
                {
                    break;
                }
            }
        }

        // Equal runs have equal hashes, so sorting brings them together to be counted.
        hashes.Sort();
        for (int first = 0, next; first < hashes.Count; first = next)
        {
            uint hash = hashes[first];
            for (next = first + 1; next < hashes.Count && hashes[next] == hash; next++)
            {
            }

            float value = 1 + MathF.Log(next - first);
            vector[(int)(hash % Dimension)] += hash >> 31 == 0 ? value : -value;
        }

        Normalize(vector);
    }

    /// <summary>The words in lower case with a boundary before, between and after them.</summary>
    private static string Words(string name)
    {
        var text = new List<char> { Boundary };
        foreach (char c in name.ToLowerInvariant())
        {
            if (char.IsLetterOrDigit(c) || CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.NonSpacingMark)
            {
                text.Add(c);
            }
            else if (text[^1] != Boundary)
            {
                text.Add(Boundary);
            }
        }

        if (text[^1] != Boundary)
        {
            text.Add(Boundary);
        }

        return new string(CollectionsMarshal.AsSpan(text));
    }

    /// <summary>FNV-1a, 32 bits, over UTF-16 code units, finished as MurmurHash3 does: the same on every machine.</summary>
    private static uint Hash(ReadOnlySpan<char> text)
    {
        uint hash = 2166136261;
        foreach (char c in text)
        {
            hash = (hash ^ (byte)c) * 16777619;
            hash = (hash ^ (byte)(c >> 8)) * 16777619;
        }

        hash = (hash ^ (hash >> 16)) * 0x85EBCA6B;
        hash = (hash ^ (hash >> 13)) * 0xC2B2AE35;
        return hash ^ (hash >> 16);
    }

    private static void Normalize(Span<float> vector)
    {
        float sum = 0;
        foreach (float value in vector)
        {
            sum += value * value;
        }

        if (sum > 0)
        {
            float scale = 1 / MathF.Sqrt(sum);
            foreach (ref float value in vector)
            {
                value *= scale;
            }
        }
    }
}
