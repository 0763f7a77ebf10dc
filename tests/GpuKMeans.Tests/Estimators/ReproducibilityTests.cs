namespace GpuKMeans.Tests.Estimators;

/// <summary>The same seed, data and options give the same bits.</summary>
public sealed class ReproducibilityTests
{
    private static readonly TestSet _set = TestData.Make("gaussian", 9000, 13, 20, seed: 51);

    public static TheoryData<string, Metric> Cases => new(
        from name in (string[])[nameof(KMeans), nameof(MiniBatchKMeans)]
        from metric in Enum.GetValues<Metric>()
        select (name, metric));

    public static TheoryData<string> Names => TestEstimators.Names;

    [Theory, MemberData(nameof(Cases))]
    public void The_number_of_threads_changes_no_bit(string name, Metric metric)
    {
        KMeansOptions options = TestEstimators.Options(20) with { Metric = metric, BatchSize = 900, MaxIterations = 8 };
        KMeansEstimator one = TestEstimators.Fit(name, options with { MaxDegreeOfParallelism = 1 }, _set.Array, _set.Weights);
        foreach (int threads in (int[])[2, 3, 7, -1])
        {
            KMeansOptions more = options with { MaxDegreeOfParallelism = threads };
            TestEstimators.SameFit(one, TestEstimators.Fit(name, more, _set.Array, _set.Weights));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void The_same_seed_gives_the_same_bits_and_another_does_not(string name)
    {
        KMeansOptions options = TestEstimators.Options(20) with { BatchSize = 500, MaxIterations = 5 };
        KMeansEstimator first = TestEstimators.Fit(name, options, _set.Array);
        TestEstimators.SameFit(first, TestEstimators.Fit(name, options, _set.Array));
        foreach (int seed in (int[])[1, -1, int.MaxValue])
        {
            KMeansEstimator other = TestEstimators.Fit(name, options with { Seed = seed }, _set.Array);
            Assert.NotEqual(first.ClusterCenters.Cast<float>(), other.ClusterCenters.Cast<float>());
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void An_estimator_fitted_before_fits_as_a_new_one_does(string name)
    {
        KMeansOptions options = TestEstimators.Options(20) with { BatchSize = 500, MaxIterations = 5 };
        KMeansEstimator used = TestEstimators.Fit(name, options, TestData.Make("blobs", 100, 3, 20, seed: 1).Array);
        TestEstimators.SameFit(TestEstimators.Fit(name, options, _set.Array), used.Fit(_set.Array));
    }

    [Theory, MemberData(nameof(Names))]
    public void Memory_arrays_and_files_give_the_same_bits(string name)
    {
        KMeansOptions options = TestEstimators.Options(20) with { BatchSize = 500, MaxIterations = 5 };
        KMeansEstimator expected = TestEstimators.Fit(name, options, _set.Array);
        TestEstimators.SameFit(expected, TestEstimators.Fit(name, options, _set.Source));
        TestEstimators.SameFit(expected, TestEstimators.Fit(name, options, _set.Rows.Chunk(13).ToArray()));
        using var folder = new TemporaryFolder();
        using VectorSource file = VectorFile.Open(folder.Write("rows.npy", Npy.File(_set.Rows, 9000, 13)));
        TestEstimators.SameFit(expected, TestEstimators.Fit(name, options, file));
    }
}
