using System.ComponentModel;
using System.Diagnostics;

namespace GpuKMeans.Tests.Checkpoints;

/// <summary>A disk that has no room for a checkpoint ends the fit; the checkpoint before stays whole.</summary>
public sealed class FullDiskTests
{
    private static readonly TestSet _set = TestData.Make("uniform", 4000, 60, 100, seed: 2);

    [Fact]
    public void The_checkpoint_before_stays_and_is_gone_on_from()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A disk of a size of our choice takes Linux.");
        using var folder = new TemporaryFolder();
        string disk = Directory.CreateDirectory(folder.File("disk")).FullName;
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", "size=120k", "tmpfs", disk), "Mounting a small disk takes root.");
        try
        {
            // 100×60 centres take 72,000 bytes and their means: one checkpoint has room, a second beside it has not.
            KMeansOptions options = TestEstimators.Options(100) with
            {
                CheckpointPath = Path.Combine(disk, "checkpoint"),
                CheckpointInterval = TimeSpan.Zero,
                MaxIterations = 3,
                Tolerance = 0,
                MaxNoImprovement = null,
                BatchSize = 100,
            };
            var kmeans = new MiniBatchKMeans(options);
            Assert.Throws<IOException>(() => kmeans.Fit(_set.Array));
            Assert.False(kmeans.IsFitted);
            Assert.Equal([options.CheckpointPath], Directory.GetFiles(disk));
            string roomy = folder.File("checkpoint");
            File.Copy(options.CheckpointPath, roomy);
            TestEstimators.SameFit(
                new MiniBatchKMeans(options with { CheckpointPath = null }).Fit(_set.Array),
                new MiniBatchKMeans(options with { CheckpointPath = roomy }).Fit(_set.Array));
        }
        finally
        {
            Assert.True(Run("umount", disk));
        }
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
