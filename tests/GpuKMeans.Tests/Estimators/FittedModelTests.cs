namespace GpuKMeans.Tests.Estimators;

/// <summary>What a fitted estimator says of the data and of its own centres.</summary>
public sealed class FittedModelTests
{
    private static readonly TestSet _set = TestData.Make("gaussian", 900, 11, 12, seed: 31);

    public static TheoryData<string> Names => TestEstimators.Names;

    public static TheoryData<string, Metric> NamesAndMetrics => new(
        from name in (string[])[nameof(KMeans), nameof(MiniBatchKMeans)]
        from metric in Enum.GetValues<Metric>()
        select (name, metric));

    [Theory, MemberData(nameof(NamesAndMetrics))]
    public void Fit_then_labels_equals_fit_predict_equals_predict(string name, Metric metric)
    {
        KMeansOptions options = TestEstimators.Options(12) with { Metric = metric, BatchSize = 200 };
        KMeansEstimator fitted = TestEstimators.Fit(name, options, _set.Array);
        Assert.Equal(fitted.Labels, TestEstimators.Create(name, options).FitPredict(_set.Array));
        Assert.Equal(fitted.Labels, fitted.Predict(_set.Array));
        Assert.Equal(fitted.Labels, Enumerable.Range(0, 900).Select(i => fitted.Model.Predict(Oracle.Row(_set.Rows, i, 11))));
    }

    [Theory, MemberData(nameof(NamesAndMetrics))]
    public void Inertia_is_that_of_the_centres_told_and_score_is_minus_it(string name, Metric metric)
    {
        KMeansOptions options = TestEstimators.Options(12) with { Metric = metric, BatchSize = 200 };
        KMeansEstimator fitted = TestEstimators.Fit(name, options, _set.Array, _set.Weights);
        float[] rows = metric == Metric.Cosine ? Oracle.Normalized(_set.Rows, 11) : _set.Rows;
        double expected = Oracle.Inertia(rows, TestEstimators.Flat(fitted.ClusterCenters), 11, _set.Weights);
        Near.Equal(expected, fitted.Inertia, 1e-6, "inertia");
        Assert.Equal(-fitted.Inertia, fitted.Score(_set.Array, _set.Weights));
    }

    [Theory, MemberData(nameof(NamesAndMetrics))]
    public void Predicting_the_centres_gives_0_to_K_minus_1(string name, Metric metric)
    {
        KMeansEstimator fitted = TestEstimators.Fit(name, TestEstimators.Options(12) with { Metric = metric }, _set.Array);
        Assert.Equal(Enumerable.Range(0, 12), fitted.Predict(fitted.ClusterCenters));
    }

    [Theory, MemberData(nameof(Names))]
    public void Transform_gives_true_distances_and_0_on_the_centres(string name)
    {
        KMeansEstimator fitted = TestEstimators.Fit(name, TestEstimators.Options(12), _set.Array);
        float[] centers = TestEstimators.Flat(fitted.ClusterCenters);
        float[,] distances = fitted.Transform(_set.Array), diagonal = fitted.Transform(fitted.ClusterCenters);
        for (int i = 0; i < 900; i++)
        {
            for (int j = 0; j < 12; j++)
            {
                double square = Oracle.SquaredDistance(Oracle.Row(_set.Rows, i, 11), Oracle.Row(centers, j, 11));
                Near.Equal(Math.Sqrt(square), distances[i, j], 1e-6, "distance");
            }
        }

        Assert.All(Enumerable.Range(0, 12), j => Assert.Equal(0f, diagonal[j, j]));
    }

    [Theory, MemberData(nameof(Names))]
    public void Transform_under_cosine_gives_1_minus_the_cosine(string name)
    {
        KMeansOptions options = TestEstimators.Options(12) with { Metric = Metric.Cosine };
        KMeansEstimator fitted = TestEstimators.Fit(name, options, _set.Array);
        float[,] centers = fitted.ClusterCenters, distances = fitted.Transform(_set.Array);
        for (int i = 0; i < 900; i++)
        {
            double[] row = [.. Oracle.Row(_set.Rows, i, 11).ToArray().Select(value => (double)value)];
            double norm = Math.Sqrt(row.Sum(value => value * value));
            for (int j = 0; j < 12; j++)
            {
                double cosine = row.Select((value, d) => value * centers[j, d]).Sum() / norm;
                Near.Equal(1 - cosine, distances[i, j], 0, "1 − cos", 1e-6);
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Cosine_ignores_the_lengths_of_rows(string name)
    {
        float[] scaled = TestData.Values(_set.Rows.Length, i => _set.Rows[i] * Math.ScaleB(1, (i / 11 % 9) - 4));
        KMeansOptions options = TestEstimators.Options(12) with { Metric = Metric.Cosine, BatchSize = 200 };
        TestEstimators.SameFit(
            TestEstimators.Fit(name, options, _set.Array), TestEstimators.Fit(name, options, TestSet.ToArray(scaled, 11)));
    }

    [Theory, MemberData(nameof(Names))]
    public void Counts_are_the_weights_of_the_rows_given(string name)
    {
        KMeansOptions options = TestEstimators.Options(12) with
        {
            ReassignmentRatio = 0, BatchSize = 100, Tolerance = 0, SampleIterations = 0, FinalIterations = 0,
        };
        KMeansEstimator fitted = TestEstimators.Fit(name, options, _set.Array);
        Assert.Equal(name == nameof(KMeans) ? 900 : fitted.Report.RowsSeen, fitted.ClusterCounts.Sum());
        Assert.Equal(fitted.Report.Steps * (name == nameof(KMeans) ? 900.0 : 100.0), fitted.Report.RowsSeen);
    }

    [Fact]
    public void Rows_of_the_sample_count_and_final_iterations_count_each_row_once()
    {
        KMeansOptions options = TestEstimators.Options(12) with
        {
            ReassignmentRatio = 0, BatchSize = 100, MaxIterations = 1, MaxNoImprovement = null, Tolerance = 0, FinalIterations = 0,
        };
        KMeansEstimator sampled = TestEstimators.Fit(nameof(MiniBatchKMeans), options, _set.Array);
        KMeansEstimator final = TestEstimators.Fit(nameof(MiniBatchKMeans), options with { FinalIterations = 3 }, _set.Array);
        int sample = Math.Min(900, 64 * 12);

        Assert.Equal(sample + 900, sampled.ClusterCounts.Sum());
        Assert.Equal(900, final.ClusterCounts.Sum());
        Assert.InRange(final.Report.FinalIterations, 1, 3);
        Assert.InRange(final.Inertia, 0, sampled.Inertia);
    }

    [Theory, MemberData(nameof(Names))]
    public void What_is_handed_out_is_a_copy(string name)
    {
        KMeansEstimator fitted = TestEstimators.Fit(name, TestEstimators.Options(3), _set.Array);
        float[,] before = fitted.ClusterCenters;
        fitted.ClusterCenters[0, 0] = float.NaN;
        fitted.ClusterCounts[0] = -1;
        Near.SameBits(before, fitted.ClusterCenters);
        Assert.All(fitted.ClusterCounts, count => Assert.InRange(count, 0, double.MaxValue));
    }

    [Theory, MemberData(nameof(Names))]
    public void Without_labels_there_is_still_a_model(string name)
    {
        KMeansOptions options = TestEstimators.Options(12) with { ComputeLabels = false };
        KMeansEstimator without = TestEstimators.Fit(name, options, _set.Array);
        KMeansEstimator with = TestEstimators.Fit(name, options with { ComputeLabels = true }, _set.Array);
        Near.SameBits(with.ClusterCenters, without.ClusterCenters);
        Assert.Contains("ComputeLabels is false", Assert.Throws<InvalidOperationException>(() => without.Labels).Message);
        Assert.Contains("ComputeLabels is false", Assert.Throws<InvalidOperationException>(() => without.Inertia).Message);
        Assert.Equal(with.Labels, without.Predict(_set.Array));
    }

    [Theory, MemberData(nameof(Names))]
    public void An_unfitted_estimator_says_so(string name)
    {
        KMeansEstimator estimator = TestEstimators.Create(name, TestEstimators.Options(3));
        Assert.False(estimator.IsFitted);
        Action[] uses =
        [
            () => _ = estimator.Model, () => _ = estimator.ClusterCenters, () => _ = estimator.ClusterCounts,
            () => _ = estimator.Labels, () => _ = estimator.Inertia, () => _ = estimator.Report,
            () => estimator.Predict(_set.Array), () => estimator.Transform(_set.Array), () => estimator.Score(_set.Array),
        ];
        Assert.All(uses, use => Assert.Contains("not fitted yet", Assert.Throws<InvalidOperationException>(use).Message));
    }
}
