namespace GpuKMeans.Tests.Estimators;

/// <summary>Data that break careless implementations.</summary>
public sealed class DegenerateDataTests
{
    public static TheoryData<string> Names => TestEstimators.Names;

    [Theory, MemberData(nameof(Names))]
    public void As_many_clusters_as_rows_leave_no_inertia(string name)
    {
        TestSet set = TestData.Make("gaussian", 60, 4, 60, seed: 61);
        KMeansEstimator fitted = TestEstimators.Fit(name, TestEstimators.Options(60), set.Array);
        Assert.Equal(0, fitted.Inertia);
        Assert.Equal(60, fitted.Labels.Distinct().Count());
        Assert.Equal(0, fitted.Report.EmptyClusters);
    }

    [Theory, MemberData(nameof(Names))]
    public void One_cluster_is_the_mean(string name)
    {
        TestSet set = TestData.Make("gaussian", 1000, 9, 1, seed: 62);
        KMeansOptions options = TestEstimators.Options(1) with { BatchSize = 100, MaxIterations = 1, MaxNoImprovement = null, Tolerance = 0 };
        KMeansEstimator fitted = TestEstimators.Fit(name, options, set.Array);
        Near.Equal(Oracle.Mean(set.Rows, 9), TestEstimators.Flat(fitted.ClusterCenters), 1e-6, "mean");
        Assert.All(fitted.Labels, label => Assert.Equal(0, label));
    }

    [Theory, MemberData(nameof(Names))]
    public void Constant_data_end_in_one_cluster_and_say_so(string name)
    {
        float[] rows = TestData.Values(3000, _ => 0.1);
        foreach (KMeansInitialization start in (KMeansInitialization[])[KMeansInitialization.PlusPlus, KMeansInitialization.Parallel, KMeansInitialization.RandomRows])
        {
            KMeansOptions options = TestEstimators.Options(5) with { Initialization = start, BatchSize = 50 };
            KMeansEstimator fitted = TestEstimators.Fit(name, options, TestSet.ToArray(rows, 3));
            Assert.Equal(0, fitted.Inertia);
            Assert.All(fitted.Labels, label => Assert.Equal(0, label));
            Assert.All(TestEstimators.Flat(fitted.ClusterCenters), value => Assert.Equal(0.1f, value));
            Assert.Equal(4, fitted.Report.EmptyClusters);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Fewer_distinct_rows_than_clusters_are_told(string name)
    {
        TestSet set = TestData.Make("duplicates", 1000, 6, 8, seed: 63);
        foreach (Metric metric in Enum.GetValues<Metric>())
        {
            foreach (float[]? weights in (float[]?[])[null, TestData.Values(1000, i => 1 + (i % 3))])
            {
                KMeansOptions options = TestEstimators.Options(8) with { BatchSize = 100, Metric = metric };
                KMeansEstimator fitted = TestEstimators.Fit(name, options, set.Array, weights);
                Near.Equal(0, fitted.Inertia, 0, "inertia", metric == Metric.Cosine ? 1e-10 : 0);
                Assert.Equal(5, fitted.Labels.Distinct().Count());
                Assert.Equal(3, fitted.Report.EmptyClusters);
                Assert.All(TestEstimators.Flat(fitted.ClusterCenters), value => Assert.True(float.IsFinite(value)));
                Assert.Equal(fitted.Labels, fitted.Predict(set.Array));
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Data_far_from_0_keep_their_clusters(string name)
    {
        // Two groups 64 apart at 1e7, where float32 knows whole numbers only and squares have lost them.
        float[] rows = TestData.Values(2000, i => 1e7 + (i / 2 % 2 * 64) + (i % 5));
        KMeansEstimator fitted = TestEstimators.Fit(name, TestEstimators.Options(2), TestSet.ToArray(rows, 2));
        int first = fitted.Labels[0];
        Assert.All(Enumerable.Range(0, 1000), i => Assert.Equal(i % 2 == 0 ? first : 1 - first, fitted.Labels[i]));
        Near.Equal(Oracle.Inertia(rows, TestEstimators.Flat(fitted.ClusterCenters), 2), fitted.Inertia, 1e-6, "inertia");
        Assert.All(TestEstimators.Flat(fitted.ClusterCenters), value =>
            Assert.InRange(value, value < 1e7 + 32 ? 1e7f + 1 : 1e7f + 65, value < 1e7 + 32 ? 1e7f + 3 : 1e7f + 67));
    }

    [Theory, MemberData(nameof(Names))]
    public void A_tight_group_far_from_the_mean_is_still_told_apart(string name)
    {
        // Pairs of places 1e4 from the middle and 1 apart.
        float[] rows = TestData.Values(1200, i => ((i % 4 < 2 ? 1 : -1) * 1e4) + (i % 2) + (i % 3 * 0.01));
        KMeansEstimator fitted = TestEstimators.Fit(
            name, TestEstimators.Options(4) with { InitializationCount = 3 }, TestSet.ToArray(rows, 1));
        Assert.InRange(fitted.Inertia, 0, 1200 * 0.0002);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_batch_larger_than_the_data_is_the_data(string name)
    {
        TestSet set = TestData.Make("blobs", 70, 3, 4, seed: 64);
        KMeansOptions options = TestEstimators.Options(4) with { MaxIterations = 6 };
        TestEstimators.SameFit(
            TestEstimators.Fit(name, options with { BatchSize = 70 }, set.Array),
            TestEstimators.Fit(name, options with { BatchSize = int.MaxValue }, set.Array));
    }

    [Theory, MemberData(nameof(Names))]
    public void A_cluster_of_three_among_ten_thousand_is_found(string name)
    {
        float[] rows = TestData.Values(20_000, i => i / 2 % 3333 == 77 ? 500 + (i % 2) : TestData.Gauss(new Random(i)));
        KMeansOptions options = TestEstimators.Options(2) with { InitializationSampleSize = KMeansOptions.AllRows };
        KMeansEstimator fitted = TestEstimators.Fit(name, options, TestSet.ToArray(rows, 2));
        Assert.Equal([3, 9997], fitted.Labels.CountBy(label => label).Select(pair => pair.Value).Order());
    }

    [Theory, MemberData(nameof(Names))]
    public void Denormal_and_tiny_values_are_clustered(string name)
    {
        float[] rows = TestData.Values(400, i => (i % 2 * 1e-20) + (i % 3 * 1e-22));
        KMeansEstimator fitted = TestEstimators.Fit(name, TestEstimators.Options(2), TestSet.ToArray(rows, 1));
        Assert.All(Enumerable.Range(0, 400), i => Assert.Equal(fitted.Labels[i % 2], fitted.Labels[i]));
        Assert.NotEqual(fitted.Labels[0], fitted.Labels[1]);
    }
}
