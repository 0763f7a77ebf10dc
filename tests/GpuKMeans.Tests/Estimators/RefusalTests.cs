namespace GpuKMeans.Tests.Estimators;

/// <summary>Unfit data are refused before work starts, with the place and what is wrong.</summary>
public sealed class RefusalTests
{
    public static TheoryData<string> Names => TestEstimators.Names;

    [Theory, MemberData(nameof(Names))]
    public void Values_that_are_not_finite_are_named_by_row_and_column(string name)
    {
        foreach ((int row, int column) in (ReadOnlySpan<(int, int)>)[(0, 0), (4999, 10), (9999, 3)])
        {
            foreach (float value in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
            {
                float[,] rows = new float[10_000, 11];
                rows[row, column] = value;
                Refused(name, rows, null, $"Row {row}, column {column} is {value}");
                Refused(name, rows, TestData.Values(10_000, i => i == row ? 0 : 1), $"Row {row}, column {column} is {value}");
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void The_lowest_of_several_bad_rows_is_named(string name)
    {
        float[,] rows = new float[70_000, 2];
        foreach (int row in (int[])[69_999, 300, 20_000, 301])
        {
            rows[row, 1] = float.NaN;
        }

        Refused(name, rows, null, "Row 300, column 1 is NaN");
    }

    [Theory, MemberData(nameof(Names))]
    public void Rows_too_large_for_squared_distances_are_named(string name)
    {
        foreach (float value in (float[])[1e19f, -1e25f, 3e38f])
        {
            foreach (double weight in (double[])[1, 0, 1e-30])
            {
                float[,] rows = { { 1, 2 }, { 3, 4 }, { 5, value }, { 0, 0 } };
                float[] weights = [1, 1, (float)weight, 1];
                Refused(name, rows, weights, "Row 2 has values so large");
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void A_row_of_zeros_has_no_direction(string name)
    {
        float[,] rows = { { 1, 2 }, { 3, 4 }, { 0, 0 }, { 5, 6 } };
        KMeansOptions cosine = TestEstimators.Options(2) with { Metric = Metric.Cosine };
        ArgumentException error = Assert.Throws<ArgumentException>(() => TestEstimators.Fit(name, cosine, rows));
        Assert.Contains("Row 2 is all zeros", error.Message);
        KMeansEstimator fitted = TestEstimators.Fit(name, cosine, new float[,] { { 1, 2 }, { 3, 4 }, { -1, 1 } });
        Assert.Contains("Row 2 is all zeros", Assert.Throws<ArgumentException>(() => fitted.Predict(rows)).Message);
    }

    [Theory, MemberData(nameof(Names))]
    public void Fewer_rows_than_clusters_are_refused(string name)
    {
        Refused(name, new float[1, 2], null, "1 rows and ClusterCount is 2");
        Refused(name, new float[0, 2], null, "0 rows and ClusterCount is 2");
        Refused(name, new float[4, 2], [0, 1, 0, 0], "1 rows have a weight above 0 and ClusterCount is 2");
    }

    [Theory, MemberData(nameof(Names))]
    public void Weights_must_be_one_a_row_finite_and_not_negative(string name)
    {
        float[,] rows = new float[5, 2];
        Refused(name, rows, [1, 1, 1, 1], "4 weights and 5 rows");
        Refused(name, rows, [1, 1, 1, -0.5f, 1], "weight of row 3 is -0.5");
        Refused(name, rows, [1, float.NaN, 1, 1, 1], "weight of row 1 is NaN");
        Refused(name, rows, [1, 1, 1, 1, float.PositiveInfinity], "weight of row 4 is Infinity");
    }

    [Theory, MemberData(nameof(Names))]
    public void Rows_of_another_dimension_are_refused(string name)
    {
        KMeansEstimator fitted = TestEstimators.Fit(name, TestEstimators.Options(1), new float[5, 3]);
        Action[] uses =
        [
            () => fitted.Predict(new float[5, 4]), () => fitted.Transform(new float[5, 4]),
            () => fitted.Score(new float[5, 4]), () => fitted.Model.Predict([1, 2, 3, 4]),
        ];
        Assert.All(uses, use => Assert.Contains(
            "4 columns and the centres have 3", Assert.Throws<ArgumentException>(use).Message));

        KMeansOptions given = TestEstimators.From(new float[2, 3]);
        ArgumentException error = Assert.Throws<ArgumentException>(() => TestEstimators.Fit(name, given, new float[5, 4]));
        Assert.Contains("2×3; 2×4 is needed", error.Message);
    }

    [Theory, MemberData(nameof(Names))]
    public void Predicting_a_row_that_is_not_finite_names_it(string name)
    {
        KMeansEstimator fitted = TestEstimators.Fit(name, TestEstimators.Options(2), TestData.Get("gaussian", 100, 3, 8).Array);
        float[,] rows = new float[300, 3];
        rows[222, 1] = float.NaN;
        Action[] uses = [() => fitted.Predict(rows), () => fitted.Transform(rows), () => fitted.Score(rows)];
        Assert.All(uses, use => Assert.Contains("Row 222, column 1 is NaN", Assert.Throws<ArgumentException>(use).Message));
    }

    [Theory, MemberData(nameof(Names))]
    public void A_row_whose_distance_is_beyond_float32_is_refused_rather_than_scored_as_infinite(string name)
    {
        // ‖x‖² is within float32, ‖x − c‖² is not.
        float[,] centers = { { 0, 4.6e18f }, { 0, -4.4e18f } };
        KMeansEstimator fitted = TestEstimators.Fit(name, TestEstimators.From(centers), centers);
        ArgumentException error = Assert.Throws<ArgumentException>(() => fitted.Score(new float[,] { { 0, 0 }, { 1.8e19f, 0 } }));
        Assert.Contains("Row 1 has values so large", error.Message);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_row_of_no_values_is_of_another_dimension(string name)
    {
        KMeansEstimator fitted = TestEstimators.Fit(name, TestEstimators.Options(1), new float[5, 1]);
        Assert.Throws<ArgumentException>(() => fitted.Model.Predict(ReadOnlySpan<float>.Empty));
    }

    [Theory, MemberData(nameof(Names))]
    public void No_rows_have_no_labels_no_distances_and_no_inertia(string name)
    {
        KMeansEstimator fitted = TestEstimators.Fit(name, TestEstimators.Options(1), new float[5, 3]);
        Assert.Empty(fitted.Predict(new float[0, 3]));
        Assert.Empty(fitted.Transform(new float[0, 3]));
        Assert.Equal(0, fitted.Score(new float[0, 3]));
    }

    [Theory, MemberData(nameof(Names))]
    public void Cuda_where_there_is_none_says_what_is_missing(string name)
    {
        KMeansEstimator estimator = TestEstimators.Create(name, new KMeansOptions { ClusterCount = 1, Device = Device.Cuda(97) });
        NotSupportedException error = Assert.Throws<PlatformNotSupportedException>(() => estimator.Fit(new float[5, 3]));
        Assert.Contains("cuda:97", error.Message);
    }

    private static void Refused(string name, float[,] rows, float[]? weights, string message)
    {
        KMeansEstimator estimator = TestEstimators.Create(name, TestEstimators.Options(2));
        ArgumentException error = Assert.Throws<ArgumentException>(() => estimator.Fit(rows, weights));
        Assert.Contains(message, error.Message);
        Assert.False(estimator.IsFitted);
    }
}
