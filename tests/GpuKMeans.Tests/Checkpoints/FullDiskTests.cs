namespace GpuKMeans.Tests.Checkpoints;

/// <summary>A disk that has no room for a checkpoint ends the fit; the checkpoint before stays whole.</summary>
public sealed class FullDiskTests
{
    private static readonly TestSet _set = TestData.Make("uniform", 4000, 60, 100, seed: 2);

    [Fact]
    public void The_checkpoint_before_stays_and_is_gone_on_from()
    {
        using var folder = new TemporaryFolder();
        using var disk = new SmallDisk(folder.File("disk"), "120k");

        // 100×60 centres take 72,000 bytes and their means: one checkpoint has room, a second beside it has not.
        KMeansOptions options = TestEstimators.Options(100) with
        {
            CheckpointPath = Path.Combine(disk.Folder, "checkpoint"),
            CheckpointInterval = TimeSpan.Zero,
            MaxIterations = 3,
            Tolerance = 0,
            MaxNoImprovement = null,
            BatchSize = 100,
        };
        var kmeans = new MiniBatchKMeans(options);
        Assert.Throws<IOException>(() => kmeans.Fit(_set.Array));
        Assert.False(kmeans.IsFitted);
        Assert.Equal(["checkpoint"], disk.Files());
        string roomy = folder.File("checkpoint");
        File.Copy(options.CheckpointPath, roomy);
        TestEstimators.SameFit(
            new MiniBatchKMeans(options with { CheckpointPath = null }).Fit(_set.Array),
            new MiniBatchKMeans(options with { CheckpointPath = roomy }).Fit(_set.Array));
    }
}
