namespace GpuKMeans.Docs.Tests.Readme;

/// <summary>A block of C# in README.md. The line above it says where its source is:
/// <c>&lt;!-- source: path/File.cs --&gt;</c> for a whole file, <c>… File.cs#Name</c> for a region of it.</summary>
internal sealed record CodeBlock(int Line, string? Source, string Text)
{
    private const string Fence = "```";
    private const string Prefix = "<!-- source: ", Suffix = " -->";

    public static IReadOnlyList<CodeBlock> In(string markdown)
    {
        string[] lines = markdown.Split('\n');
        var blocks = new List<CodeBlock>();
        for (int start = 0; start < lines.Length; start++)
        {
            if (lines[start] != Fence + "csharp")
            {
                continue;
            }

            int end = Array.IndexOf(lines, Fence, start);
            string above = start > 0 ? lines[start - 1] : "";
            string? source = above.StartsWith(Prefix, StringComparison.Ordinal) && above.EndsWith(Suffix, StringComparison.Ordinal)
                ? above[Prefix.Length..^Suffix.Length]
                : null;
            blocks.Add(new(start + 1, source, string.Join('\n', lines[(start + 1)..end])));
            start = end;
        }

        return blocks;
    }
}
