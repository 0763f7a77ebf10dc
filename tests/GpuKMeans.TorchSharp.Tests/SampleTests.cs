using GpuKMeans.Docs.Tests;

namespace GpuKMeans.Tests;

/// <summary>The sample on tensors runs to its end.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Embeddings_of_a_network()
    {
        TestDevices.Get("cpu");
        using var folder = new TemporaryFolder();
        string path = folder.File("places.parquet");
        (int exitCode, string output) = Sample.Run(
            "TorchSharpEmbeddings", "--device", "cpu", "--places", "4000", "--clusters", "8", "--epochs", "1", "--output", path);

        Assert.True(exitCode == 0, output);
        Assert.Contains("8 clusters by ", output, StringComparison.Ordinal);
        byte[] file = File.ReadAllBytes(path);
        Assert.True(file.AsSpan().StartsWith("PAR1"u8) && file.AsSpan().EndsWith("PAR1"u8));
    }

    [Fact]
    public void It_tells_errors_in_a_line()
    {
        TestDevices.Get("cpu");
        (int exitCode, string output) = Sample.Run("TorchSharpEmbeddings", "--device", "cpu", "--places", "7", "--clusters", "8", "--epochs", "0");

        Assert.Equal(1, exitCode);
        Assert.Contains("ClusterCount is 8", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }
}
