namespace GpuKMeans.Docs.Tests.Readme;

/// <summary>
/// The README's code is compiled and run: each block is, line for line, a sample or a region of <see cref="Snippets"/>, or of
/// their like on tensors, which run where TorchSharp is.
/// </summary>
public class ReadmeTests
{
    private static readonly string[] _snippets =
        ["tests/GpuKMeans.Docs.Tests/Readme/Snippets.cs", "tests/GpuKMeans.TorchSharp.Tests/Readme/Snippets.cs"];

    [Fact]
    public void Each_block_is_its_source()
    {
        IReadOnlyList<CodeBlock> blocks = CodeBlock.In(Repository.Read("README.md"));
        Assert.NotEmpty(blocks);
        foreach (CodeBlock block in blocks)
        {
            Assert.True(block.Source is not null, $"README.md, line {block.Line}: the line above does not say where the source is.");
            string text = block.Text;
            if (block.Source.Contains('#', StringComparison.Ordinal))
            {
                string[] lines = text.Split('\n');
                string file = Repository.Read(block.Source.Split('#')[0]);
                HashSet<string> usings = ["using GpuKMeans;", .. file.Split('\n').Where(IsUsing)];
                Assert.Subset(usings, lines.TakeWhile(IsUsing).ToHashSet());
                text = string.Join('\n', lines.SkipWhile(line => IsUsing(line) || line.Length == 0));
            }

            Assert.Equal(SourceText.Of(block.Source), text);
        }
    }

    [Fact]
    public void Each_snippet_is_in_the_readme()
    {
        string[] expected = 
        [
            "samples/QuickStart/Program.cs",
            .. from path in _snippets from name in SourceText.Regions(path) select $"{path}#{name}",
        ];
        IEnumerable<string?> sources = CodeBlock.In(Repository.Read("README.md")).Select(block => block.Source);
        Assert.Equal(expected.Order(), sources.Order());
    }

    [Theory]
    [InlineData(nameof(Snippets.OnTheMap))]
    [InlineData(nameof(Snippets.FromAFile))]
    [InlineData(nameof(Snippets.InParts))]
    [InlineData(nameof(Snippets.Keep))]
    public void Snippet_runs(string name) =>
        EmptyFolder.Run(() => typeof(Snippets).GetMethod(name)!.CreateDelegate<Action>()());

    // An empty folder is the process's own, and is left by the thread that came: the task is waited for.
    [Fact]
    public void From_file_to_file_runs() => EmptyFolder.Run(() => Snippets.FileToFile().GetAwaiter().GetResult());

    [Fact]
    public void In_batches_runs() => EmptyFolder.Run(() => Snippets.InBatches().GetAwaiter().GetResult());

    private static bool IsUsing(string line) => line.StartsWith("using ", StringComparison.Ordinal) && !line.Contains('=', StringComparison.Ordinal);
}
