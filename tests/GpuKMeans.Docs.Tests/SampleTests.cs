using System.Reflection;

namespace GpuKMeans.Docs.Tests;

/// <summary>The samples run to their end, as <c>dotnet run</c> would run them.</summary>
public class SampleTests
{
    [Fact]
    public void Quick_start()
    {
        (_, string output) = Run("QuickStart");

        // It says that its clouds are of 10,000 rows.
        Assert.Contains("10000 rows", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Place_names() => EmptyFolder.Run(() =>
    {
        (int exitCode, string output) = Run("PlaceNames", "--clusters", "12", "--device", "cpu");

        Assert.Equal(0, exitCode);
        Assert.Contains("Most typical names", output, StringComparison.Ordinal);
        byte[] file = File.ReadAllBytes("places.parquet");
        Assert.True(file.AsSpan().StartsWith("PAR1"u8) && file.AsSpan().EndsWith("PAR1"u8));
    });

    [Fact]
    public void Place_names_tells_errors_in_a_line() => EmptyFolder.Run(() =>
    {
        (int exitCode, string output) = Run("PlaceNames", "--clusters", "0");

        Assert.Equal(1, exitCode);
        Assert.Contains("ClusterCount is 0", output, StringComparison.Ordinal);
        Assert.False(File.Exists("places.parquet"));
    });

    private static (int ExitCode, string Output) Run(string sample, params string[] arguments)
    {
        (TextWriter console, TextWriter errors) = (Console.Out, Console.Error);
        using var output = new StringWriter();
        Console.SetOut(output);
        Console.SetError(output);
        try
        {
            object? exitCode = Assembly.Load(sample).EntryPoint!.Invoke(null, [arguments]);
            return (exitCode as int? ?? 0, output.ToString());
        }
        finally
        {
            Console.SetOut(console);
            Console.SetError(errors);
        }
    }
}
