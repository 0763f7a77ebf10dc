namespace GpuKMeans.Tests.Estimators;

/// <summary>How first centres are chosen, and that they may be given.</summary>
public sealed class StartTests
{
    private static readonly TestSet _set = TestData.Make("gaussian", 800, 7, 9, seed: 41);

    public static TheoryData<string> Names => TestEstimators.Names;

    [Fact]
    public void Fitting_from_fitted_centres_stays_put()
    {
        KMeansOptions options = TestEstimators.Options(9) with { Tolerance = 0, MaxIterations = 1000 };
        KMeansEstimator fitted = TestEstimators.Fit(nameof(KMeans), options, _set.Array);
        Assert.Equal(StopReason.LabelsUnchanged, fitted.Report.StopReason);
        KMeansEstimator again = TestEstimators.Fit(
            nameof(KMeans), TestEstimators.From(fitted.ClusterCenters) with { Tolerance = 0 }, _set.Array);
        Near.SameBits(fitted.ClusterCenters, again.ClusterCenters);
        Assert.Equal(fitted.Labels, again.Labels);
        Assert.Equal(fitted.Inertia, again.Inertia);
        Assert.InRange(again.Report.Iterations, 1, 2);
    }

    [Fact]
    public void Mini_batches_from_the_exact_means_stay_put()
    {
        TestSet set = TestData.Make("duplicates", 500, 6, 5, seed: 2);
        float[][] distinct = [.. set.Rows.Chunk(6).DistinctBy(row => row[0])];
        float[,] centers = TestSet.ToArray([.. distinct.SelectMany(row => row)], 6);
        KMeansEstimator fitted = TestEstimators.Fit(
            nameof(MiniBatchKMeans), TestEstimators.From(centers) with { BatchSize = 64, ReassignmentRatio = 0 }, set.Array);
        Near.SameBits(centers, fitted.ClusterCenters);
        Assert.Equal(0, fitted.Inertia);
    }

    [Fact]
    public void More_restarts_are_never_worse()
    {
        for (int seed = 0; seed < 5; seed++)
        {
            KMeansOptions options = TestEstimators.Options(9) with { Seed = seed };
            double[] inertias = [.. ((int[])[1, 2, 4, 8]).Select(count =>
                TestEstimators.Fit(nameof(KMeans), options with { InitializationCount = count }, _set.Array).Inertia)];
            Assert.Equal(inertias.OrderDescending(), inertias);
        }
    }

    [Fact]
    public void Mini_batches_keep_the_best_of_several_starts()
    {
        // Random rows on blobs: with 30 choices the best start is far better than the first, and training keeps that. Without
        // the sample's iterations, which end by putting misplaced centres right.
        TestSet set = TestData.Make("blobs", 900, 4, 9, seed: 3);
        KMeansOptions options = TestEstimators.Options(9) with
        {
            Initialization = KMeansInitialization.RandomRows,
            ReassignmentRatio = 0,
            MaxIterations = 20,
            SampleIterations = 0,
        };
        double[] Inertias(int count) => [.. Enumerable.Range(0, 9).Select(seed => TestEstimators.Fit(
            nameof(MiniBatchKMeans), options with { InitializationCount = count, Seed = seed }, set.Array).Inertia).Order()];
        Assert.InRange(Inertias(30)[4], 0, 0.8 * Inertias(1)[4]);
    }

    [Fact]
    public void Greedy_plus_plus_finds_well_separated_blobs()
    {
        float[] rows = TestData.Blobs(new Random(5), 2000, 8, 20, distance: 100, spread: 0.1);
        KMeansEstimator fitted = TestEstimators.Fit(nameof(KMeans), TestEstimators.Options(20), TestSet.ToArray(rows, 8));
        Assert.All(fitted.Labels.CountBy(label => label), pair => Assert.Equal(100, pair.Value));
        Near.Equal(2000 * 8 * 0.01, fitted.Inertia, 0.1, "inertia of the blobs' own spread");
    }

    [Fact]
    public void Parallel_is_as_good_a_start_as_plus_plus()
    {
        // One iteration from the start, on the data where k-means++ misses clouds and where there are none to miss.
        foreach (string shape in (string[])["blobs", "uniform"])
        {
            TestSet set = TestData.Make(shape, 4000, 6, 40, seed: 8);
            double Median(KMeansInitialization start) => Enumerable.Range(0, 9).Select(seed => TestEstimators.Fit(
                nameof(KMeans), TestEstimators.Options(40) with { Initialization = start, Seed = seed, MaxIterations = 1 }, set.Array)
                .Inertia).Order().ElementAt(4);
            double parallel = Median(KMeansInitialization.Parallel);
            Assert.InRange(parallel, 0, 1.05 * Median(KMeansInitialization.PlusPlus));
            Assert.InRange(parallel, 0, 0.98 * Median(KMeansInitialization.RandomRows));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Parallel_is_the_same_for_any_number_of_threads(string name)
    {
        TestSet set = TestData.Make("gaussian", 3000, 7, 11, seed: 12);
        KMeansOptions options = TestEstimators.Options(11) with { Initialization = KMeansInitialization.Parallel };
        KMeansEstimator one = TestEstimators.Fit(name, options with { MaxDegreeOfParallelism = 1 }, set.Array);
        TestEstimators.SameFit(one, TestEstimators.Fit(name, options with { MaxDegreeOfParallelism = 3 }, set.Array));
    }

    [Fact]
    public void Parallel_is_plus_plus_up_to_twenty_rows_a_cluster()
    {
        TestSet set = TestData.Make("gaussian", 201, 3, 10, seed: 14);
        KMeansOptions options = TestEstimators.Options(10) with { MaxIterations = 1 };
        KMeansEstimator Fit(KMeansInitialization start, int rows) => TestEstimators.Fit(
            nameof(KMeans), options with { Initialization = start }, TestSet.ToArray(set.Rows[..(rows * 3)], 3));
        TestEstimators.SameFit(Fit(KMeansInitialization.PlusPlus, 200), Fit(KMeansInitialization.Parallel, 200));
        Assert.NotEqual(Fit(KMeansInitialization.PlusPlus, 201).ClusterCenters, Fit(KMeansInitialization.Parallel, 201).ClusterCenters);
    }

    [Theory, InlineData(12), InlineData(20)]
    public void Parallel_finds_every_row_that_differs(int clusters)
    {
        // Twelve places: as many clusters as these, and more, for which no rows are left to draw.
        float[,] rows = TestSet.ToArray(TestData.Values(6000, i => (i / 2 % 12 * (i / 2 % 12)) + (i % 2)), 2);
        KMeansEstimator fitted = TestEstimators.Fit(
            nameof(KMeans), TestEstimators.Options(clusters) with { Initialization = KMeansInitialization.Parallel }, rows);
        Assert.Equal(0, fitted.Inertia);
        Assert.Equal(12, fitted.Labels.Distinct().Count());
    }

    [Theory, MemberData(nameof(Names))]
    public void A_given_array_is_neither_changed_nor_followed_when_changed(string name)
    {
        float[,] centers = TestSet.ToArray(_set.Centers, 7), copy = (float[,])centers.Clone();
        KMeansOptions options = TestEstimators.From(centers);
        KMeansEstimator first = TestEstimators.Fit(name, options, _set.Array);
        Near.SameBits(copy, centers);
        Array.Clear(centers);
        TestEstimators.SameFit(first, TestEstimators.Fit(name, options, _set.Array));
    }

    [Theory, MemberData(nameof(Names))]
    public void Random_starts_are_rows_of_the_data_each_once(string name)
    {
        // As many clusters as rows of the sample: every row must be drawn.
        float[,] rows = TestSet.ToArray(TestData.Values(50, i => i * i), 1);
        KMeansOptions options = TestEstimators.Options(50) with { Initialization = KMeansInitialization.RandomRows };
        Assert.Equal(0, TestEstimators.Fit(name, options, rows).Inertia);
        Assert.Equal(0, TestEstimators.Fit(name, options, rows, TestData.Values(50, i => 1 + (i % 5))).Inertia);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_sample_for_the_start_is_enough(string name)
    {
        TestSet set = TestData.Make("blobs", 3000, 5, 6, seed: 6);
        foreach (long? size in (long?[])[6, 60, 2999, 3000, KMeansOptions.AllRows, null])
        {
            KMeansOptions options = TestEstimators.Options(6) with { InitializationSampleSize = size };
            KMeansEstimator fitted = TestEstimators.Fit(name, options, set.Array, TestData.Values(3000, i => i % 2));
            Assert.InRange(fitted.Inertia, 0, Oracle.Inertia(set.Rows, Oracle.Mean(set.Rows, 5), 5) / 2);
        }
    }
}
