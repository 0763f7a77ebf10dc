namespace GpuKMeans.Docs.Tests.Readme;

/// <summary>The text a <see cref="CodeBlock"/> must have.</summary>
internal static class SourceText
{
    /// <summary>The text of "path/File.cs", or of a region of it, "path/File.cs#Name", without its indentation.</summary>
    public static string Of(string source)
    {
        string[] parts = source.Split('#');
        string file = Repository.Read(parts[0]).TrimEnd('\n');
        return parts.Length == 1 ? file : Region(file, parts[1]);
    }

    /// <summary>The names of the regions of a file.</summary>
    public static IEnumerable<string> Regions(string path) =>
        from line in Repository.Read(path).Split('\n')
        let text = line.Trim()
        where text.StartsWith("#region ", StringComparison.Ordinal)
        select text["#region ".Length..];

    private static string Region(string file, string name)
    {
        string[] lines = file.Split('\n');
        int start = Array.FindIndex(lines, line => line.Trim() == $"#region {name}");
        Assert.True(start >= 0, $"There is no region {name}.");
        int end = Array.FindIndex(lines, start, line => line.Trim() == "#endregion");
        string[] body = [.. lines[(start + 1)..end].SkipWhile(line => line.Length == 0)];
        int indent = body.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', body.Select(line => line.Length > 0 ? line[indent..] : line)).TrimEnd('\n');
    }
}
