using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GpuKMeans.Tests.Checkpoints;

/// <summary>A fit in a process of its own that is killed again and again ends with the centres of one that was left alone.</summary>
public sealed class KilledFitTests
{
    private const string Folder = "GPUKMEANS_KILLED_FIT";
    private const int Rows = 60_000, Dimension = 8;

    private static readonly KMeansOptions _options = TestEstimators.Options(40) with
    {
        BatchSize = 64, MaxIterations = 4, Tolerance = 0, MaxNoImprovement = null, FinalIterations = 6,
    };

    [Fact]
    public async Task Killed_at_random_moments_it_resumes_to_the_same_centres()
    {
        using var folder = new TemporaryFolder();
        float[] rows = TestData.Make("uniform", Rows, Dimension, 8, seed: 3).Rows;
        await File.WriteAllBytesAsync(folder.File("x.npy"), Npy.File(rows, Rows, Dimension), TestContext.Current.CancellationToken);
        MiniBatchKMeans expected = await Fit(VectorStream.From(VectorSource.FromMemory(rows, Dimension)), checkpoint: null);

        var random = new Random(1);
        int kills = 0;
        for (int start = 0; !File.Exists(folder.File("centers")); start++)
        {
            Assert.InRange(start, 0, 60);
            using Process process = Start(folder.Path);

            // From the first checkpoint on, so that each kill loses something; then at once or after a while.
            while (!process.HasExited && !File.Exists(folder.File("checkpoint")))
            {
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            if (start < 8)
            {
                await Task.Delay(random.Next(60), TestContext.Current.CancellationToken);
                kills += process.HasExited ? 0 : 1;
                process.Kill();
            }

            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(start < 8 || process.ExitCode == 0, await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        }

        Assert.InRange(kills, 2, 8);
        byte[] centers = await File.ReadAllBytesAsync(folder.File("centers"), TestContext.Current.CancellationToken);
        Near.SameBits(TestEstimators.Flat(expected.ClusterCenters), MemoryMarshal.Cast<byte, float>(centers).ToArray());
        Assert.Equal(["centers", "x.npy"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
    }

    /// <summary>What the process does that is killed; no test by itself.</summary>
    [Fact]
    public async Task Child()
    {
        string? folder = Environment.GetEnvironmentVariable(Folder);
        Assert.SkipWhen(folder is null, "No test by itself: another test runs it in a process, to kill it.");
        using VectorSource file = VectorFile.Open(Path.Combine(folder!, "x.npy"));
        MiniBatchKMeans fitted = await Fit(VectorStream.From(file), Path.Combine(folder!, "checkpoint"));
        byte[] bytes = MemoryMarshal.AsBytes<float>(TestEstimators.Flat(fitted.ClusterCenters)).ToArray();
        await File.WriteAllBytesAsync(Path.Combine(folder!, "centers.tmp"), bytes, TestContext.Current.CancellationToken);
        File.Move(Path.Combine(folder!, "centers.tmp"), Path.Combine(folder!, "centers"));
    }

    private static Task<MiniBatchKMeans> Fit(VectorStream stream, string? checkpoint) =>
        new MiniBatchKMeans(_options with { CheckpointPath = checkpoint, CheckpointInterval = TimeSpan.Zero })
            .FitAsync(stream, new StreamOptions { MemoryLimit = 84 * 9000 }, cancellationToken: TestContext.Current.CancellationToken);

    private static Process Start(string folder)
    {
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        string tests = typeof(KilledFitTests).Assembly.Location;
        return Process.Start(new ProcessStartInfo(
            dotnet, [tests, "-method", $"{typeof(KilledFitTests).FullName}.{nameof(Child)}", "-noColor"])
        {
            RedirectStandardOutput = true,
            Environment = { [Folder] = folder },
        })!;
    }
}
