namespace GpuKMeans.Docs.Tests;

/// <summary>The samples run to their end.</summary>
public class SampleTests
{
    [Fact]
    public void Quick_start()
    {
        (int exitCode, string output) = Sample.Run("QuickStart");

        Assert.True(exitCode == 0, output);

        // It says that its clouds are of 10,000 rows.
        Assert.Contains("10000 rows", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Place_names() => EmptyFolder.Run(() =>
    {
        (int exitCode, string output) = Sample.Run("PlaceNames", "--clusters", "12", "--device", "cpu");

        Assert.True(exitCode == 0, output);
        Assert.Contains("Most typical names", output, StringComparison.Ordinal);
        byte[] file = File.ReadAllBytes("places.parquet");
        Assert.True(file.AsSpan().StartsWith("PAR1"u8) && file.AsSpan().EndsWith("PAR1"u8));
    });

    [Fact]
    public void Place_names_tells_errors_in_a_line() => EmptyFolder.Run(() =>
    {
        (int exitCode, string output) = Sample.Run("PlaceNames", "--clusters", "0");

        Assert.Equal(1, exitCode);
        Assert.Contains("ClusterCount is 0", output, StringComparison.Ordinal);
        Assert.False(File.Exists("places.parquet"));
    });

    [Fact]
    public void Larger_than_memory() => EmptyFolder.Run(() =>
    {
        // 13 MB of vectors in 6 MB; the second run finds them there.
        foreach (string made in new[] { "0.0 GB\n", "from before" })
        {
            (int exitCode, string output) = Sample.Run(
                "LargerThanMemory", "--rows", "200000", "--dimension", "16", "--clusters", "20", "--memory", "6", "--spatial-order");

            Assert.True(exitCode == 0, output);
            Assert.Contains("200,000 vectors of 16 values", output, StringComparison.Ordinal);
            Assert.Contains(made, output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
            Assert.Contains("memory: 6 MB allowed for rows in training", output, StringComparison.Ordinal);
        }

        byte[] file = File.ReadAllBytes("clusters.parquet");
        Assert.True(file.AsSpan().StartsWith("PAR1"u8) && file.AsSpan().EndsWith("PAR1"u8));
        Assert.Equal(["clusters.parquet", "vectors.npy"], Directory.GetFiles(".").Select(path => Path.GetFileName(path)).Order());
    });

    [Fact]
    public void Larger_than_memory_tells_errors_in_a_line() => EmptyFolder.Run(() =>
    {
        (int exitCode, string output) = Sample.Run("LargerThanMemory", "--rows", "100", "--clusters", "101");

        Assert.Equal(1, exitCode);
        Assert.Contains("ClusterCount", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.False(File.Exists("clusters.parquet"));
    });
}
