namespace GpuKMeans.Tests.Estimators;

/// <summary>A row of weight w counts as w rows, in every figure.</summary>
public sealed class WeightTests
{
    private static readonly TestSet _set = TestData.Make("blobs", 600, 6, 8, seed: 21);

    public static TheoryData<string> Names => TestEstimators.Names;

    [Theory, MemberData(nameof(Names))]
    public void Weights_equal_repeated_rows(string name)
    {
        // One batch a pass, so that the mini-batches are the same too.
        float[] weights = TestData.Values(600, i => i % 4);
        float[] repeated = [.. Enumerable.Range(0, 600).SelectMany(i => Enumerable.Repeat(Oracle.Row(_set.Rows, i, 6).ToArray(), i % 4)).SelectMany(row => row)];
        KMeansOptions options = TestEstimators.From(TestSet.ToArray(_set.Centers, 6)) with
        {
            BatchSize = 10_000, MaxIterations = 5, Tolerance = 0, ReassignmentRatio = 0,
        };
        KMeansEstimator one = TestEstimators.Fit(name, options, _set.Array, weights);
        KMeansEstimator other = TestEstimators.Fit(name, options, TestSet.ToArray(repeated, 6));

        Near.Equal(TestEstimators.Flat(other.ClusterCenters), TestEstimators.Flat(one.ClusterCenters), 1e-6, "centres");
        Assert.Equal(other.ClusterCounts, one.ClusterCounts);
        Near.Equal(other.Inertia, one.Inertia, 1e-6, "inertia");
        Near.Equal(other.Score(TestSet.ToArray(repeated, 6)), one.Score(_set.Array, weights), 1e-6, "score");
    }

    [Theory, MemberData(nameof(Names))]
    public void Unit_weights_equal_none_to_the_bit_from_given_centres(string name)
    {
        KMeansOptions options = TestEstimators.From(TestSet.ToArray(_set.Centers, 6)) with { BatchSize = 100 };
        TestEstimators.SameFit(
            TestEstimators.Fit(name, options, _set.Array),
            TestEstimators.Fit(name, options, _set.Array, TestData.Values(600, _ => 1)));
    }

    [Theory, MemberData(nameof(Names))]
    public void Unit_weights_equal_none_to_the_bit_from_random_starts(string name)
    {
        foreach (KMeansInitialization start in (KMeansInitialization[])[KMeansInitialization.PlusPlus, KMeansInitialization.Parallel, KMeansInitialization.RandomRows])
        {
            KMeansOptions options = TestEstimators.Options(8) with { BatchSize = 100, Initialization = start };
            TestEstimators.SameFit(
                TestEstimators.Fit(name, options, _set.Array),
                TestEstimators.Fit(name, options, _set.Array, TestData.Values(600, _ => 1)));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Scaling_all_weights_scales_counts_and_inertia_and_nothing_else(string name)
    {
        KMeansOptions options = TestEstimators.Options(8) with { BatchSize = 100 };
        float[] weights = TestData.Values(600, i => 0.5 + (i % 3));
        KMeansEstimator one = TestEstimators.Fit(name, options, _set.Array, weights);
        KMeansEstimator four = TestEstimators.Fit(name, options, _set.Array, Array.ConvertAll(weights, weight => 4 * weight));
        Near.SameBits(one.ClusterCenters, four.ClusterCenters);
        Assert.Equal(one.Labels, four.Labels);
        Assert.Equal(4 * one.Inertia, four.Inertia);
        Assert.Equal(one.ClusterCounts.Select(count => 4 * count), four.ClusterCounts);
    }

    [Fact]
    public void Rows_of_weight_0_do_not_matter()
    {
        float[] rows = [.. _set.Rows, .. TestData.Values(60, i => 1e6 * ((i % 7) - 3))];
        float[] weights = TestData.Values(610, i => i < 600 ? 1 : 0);
        KMeansOptions options = TestEstimators.From(TestSet.ToArray(_set.Centers, 6));
        KMeansEstimator without = TestEstimators.Fit(nameof(KMeans), options, _set.Array);
        KMeansEstimator with = TestEstimators.Fit(nameof(KMeans), options, TestSet.ToArray(rows, 6), weights);
        Near.SameBits(without.ClusterCenters, with.ClusterCenters);
        Assert.Equal(without.ClusterCounts, with.ClusterCounts);
        Assert.Equal(without.Inertia, with.Inertia);
        Assert.Equal(without.Labels, with.Labels.Take(600));
    }

    [Theory, MemberData(nameof(Names))]
    public void No_centre_is_ever_put_on_a_row_of_weight_0(string name)
    {
        // Half of the rows weigh nothing and lie at 1000; every way to place a centre is tried.
        float[] rows = TestData.Values(400, i => i % 2 == 0 ? 1000 : i / 40);
        float[] weights = TestData.Values(400, i => i % 2);
        foreach (KMeansInitialization start in (KMeansInitialization[])[KMeansInitialization.PlusPlus, KMeansInitialization.Parallel, KMeansInitialization.RandomRows])
        {
            for (int seed = 0; seed < 5; seed++)
            {
                KMeansOptions options = TestEstimators.Options(12) with
                {
                    BatchSize = 40, ReassignmentRatio = 1, Initialization = start, Seed = seed, MaxIterations = 10,
                };
                KMeansEstimator fitted = TestEstimators.Fit(name, options, TestSet.ToArray(rows, 1), weights);
                Assert.All(TestEstimators.Flat(fitted.ClusterCenters), value => Assert.InRange(value, 0, 10));
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void A_sample_for_the_start_is_drawn_among_the_rows_that_weigh(string name)
    {
        // Nine of 2,000 rows weigh anything: hardly one of them is in a sample of 50 drawn among all.
        float[] rows = TestData.Values(2000, i => i);
        float[] weights = TestData.Values(2000, i => i % 222 == 100 ? 1 : 0);
        foreach (KMeansInitialization start in (KMeansInitialization[])[KMeansInitialization.PlusPlus, KMeansInitialization.Parallel, KMeansInitialization.RandomRows])
        {
            KMeansOptions options = TestEstimators.Options(9) with
            {
                InitializationSampleSize = 50, Initialization = start, ReassignmentRatio = 0,
            };
            KMeansEstimator fitted = TestEstimators.Fit(name, options, TestSet.ToArray(rows, 1), weights);
            Assert.Equal(0, fitted.Inertia);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Heavy_rows_pull_centres(string name)
    {
        KMeansEstimator fitted = TestEstimators.Fit(
            name, TestEstimators.Options(1), new float[,] { { 0 }, { 10 } }, [1, 3]);
        Assert.Equal(7.5f, fitted.ClusterCenters[0, 0]);
        Assert.Equal(75, fitted.Inertia);
    }
}
