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
}
