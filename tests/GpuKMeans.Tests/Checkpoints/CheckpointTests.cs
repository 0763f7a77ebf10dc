using GpuKMeans.Tests.Streams;

namespace GpuKMeans.Tests.Checkpoints;

/// <summary>A fit that was stopped goes on from its checkpoint to the same bits.</summary>
public sealed class CheckpointTests
{
    private static readonly TestSet _set = TestData.Make("gaussian", 12_000, 5, 9, seed: 71);
    private static readonly StreamOptions _blocks = new() { MemoryLimit = 3000 * ((2 * 5 * sizeof(float)) + 20) };

    public static TheoryData<string, Metric> Cases => new(
        from kind in (string[])["KMeans", "MiniBatchKMeans", "stream", "once"]
        from metric in Enum.GetValues<Metric>()
        select (kind, metric));

    [Theory, MemberData(nameof(Cases))]
    public async Task Stopped_anywhere_it_ends_with_the_same_bits(string kind, Metric metric)
    {
        KMeansOptions options = TestEstimators.Options(9) with
        {
            BatchSize = 100, MaxIterations = 4, MaxNoImprovement = null, Tolerance = 0, Metric = metric,
        };
        KMeansEstimator expected = await Fit(kind, options, null, default);
        using var folder = new TemporaryFolder();
        for (int reports = 2; ; reports = (reports * 3 / 2) + 1)
        {
            string path = folder.File($"{reports}.checkpoint");
            KMeansOptions saved = options with { CheckpointPath = path, CheckpointInterval = TimeSpan.Zero };
            using var stop = new CancellationTokenSource();
            int left = reports;
            var progress = new ProgressCall(_ =>
            {
                if (--left == 0)
                {
                    stop.Cancel();
                }
            });
            try
            {
                await Fit(kind, saved, progress, stop.Token);
                Assert.True(left > 0 || reports > 2);
                break;
            }
            catch (OperationCanceledException)
            {
            }

            KMeansEstimator resumed = await Fit(kind, saved, null, default);
            Near.SameBits(expected.ClusterCenters, resumed.ClusterCenters);
            Near.SameBits(expected.ClusterCounts, resumed.ClusterCounts);
            if (kind != "once")
            {
                Assert.Equal(expected.Inertia, resumed.Inertia);
            }

            Assert.Equal(expected.Report.InertiaPerIteration.AsEnumerable(), resumed.Report.InertiaPerIteration.AsEnumerable());
            Assert.Equal(expected.Report.Steps, resumed.Report.Steps);
            Assert.Empty(Directory.GetFiles(folder.Path));
        }
    }

    [Fact]
    public void One_of_another_fit_or_damaged_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("fit.checkpoint");
        KMeansOptions options = TestEstimators.Options(9) with { BatchSize = 100, CheckpointPath = path, CheckpointInterval = TimeSpan.Zero };
        using var stop = new CancellationTokenSource();
        var progress = new ProgressCall(progress =>
        {
            if (progress.Steps > 20)
            {
                stop.Cancel();
            }
        });
        Assert.ThrowsAny<OperationCanceledException>(
            () => new MiniBatchKMeans(options).Fit(_set.Array, progress: progress, cancellationToken: stop.Token));
        byte[] whole = File.ReadAllBytes(path);

        string message = Assert.Throws<InvalidOperationException>(
            () => new MiniBatchKMeans(options with { Seed = 5 }).Fit(_set.Array)).Message;
        Assert.Contains("Seed is 0 there and 5 here", message, StringComparison.Ordinal);
        float[,] other = _set.Array;
        other[7, 1] += 1;
        Assert.Throws<InvalidOperationException>(() => new MiniBatchKMeans(options).Fit(other));

        foreach (int length in (int[])[0, 5, 40, whole.Length / 2, whole.Length - 1])
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<InvalidDataException>(() => new MiniBatchKMeans(options).Fit(_set.Array));
        }

        foreach (int at in (int[])[0, 8, 30, whole.Length / 2, whole.Length - 1])
        {
            byte[] altered = [.. whole];
            altered[at] ^= 4;
            File.WriteAllBytes(path, altered);
            Assert.Throws<InvalidDataException>(() => new MiniBatchKMeans(options).Fit(_set.Array));
        }
    }

    private static async Task<KMeansEstimator> Fit(
        string kind, KMeansOptions options, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
    {
        VectorStream? stream = kind switch
        {
            "stream" => VectorStream.From(_set.Source),
            "once" => new TestStream(_set.Rows, _set.Dimension, [512], canRepeat: false),
            _ => null,
        };
        return stream is null
            ? TestEstimators.Create(kind, options).Fit(_set.Array, progress: progress, cancellationToken: cancellationToken)
            : await new MiniBatchKMeans(options).FitAsync(stream, _blocks, progress, cancellationToken);
    }
}
