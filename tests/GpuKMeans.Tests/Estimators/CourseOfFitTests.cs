namespace GpuKMeans.Tests.Estimators;

/// <summary>The course of a fit: what is told of each iteration, and why it ends.</summary>
public sealed class CourseOfFitTests
{
    [Fact]
    public void Inertia_never_rises_over_lloyds_iterations()
    {
        foreach (string kind in TestData.Kinds)
        {
            TestSet set = TestData.Make(kind, 1500, 6, 15, seed: 71);
            KMeansOptions options = TestEstimators.Options(15) with { Tolerance = 0, MaxIterations = 60 };
            KMeansEstimator fitted = TestEstimators.Fit(nameof(KMeans), options, set.Array, set.Weights);
            double[] course = [.. fitted.Report.InertiaPerIteration, fitted.Inertia];
            Assert.All(course.Zip(course[1..]), pair => Assert.InRange(pair.Second, 0, pair.First * (1 + 1e-6)));
        }
    }

    [Fact]
    public void A_whole_fit_follows_the_oracle()
    {
        TestSet set = TestData.Make("blobs", 900, 5, 6, seed: 72);
        KMeansOptions options = TestEstimators.From(TestSet.ToArray(set.Centers, 5)) with { Tolerance = 0 };
        KMeansEstimator fitted = TestEstimators.Fit(nameof(KMeans), options, set.Array);
        var oracle = new OracleCenters(set.Centers, new double[6], 5);
        List<double> inertias = [];
        for (int i = 0; i < fitted.Report.Iterations; i++)
        {
            inertias.Add(oracle.Lloyd(set.Rows).Inertia);
        }

        Near.Equal(oracle.Values, TestEstimators.Flat(fitted.ClusterCenters), 1e-6, "centres");
        Assert.Equal(inertias.Count, fitted.Report.InertiaPerIteration.Length);
        Assert.All(inertias.Zip(fitted.Report.InertiaPerIteration), pair => Near.Equal(pair.First, pair.Second, 1e-6, "inertia"));
        Assert.Equal(StopReason.LabelsUnchanged, fitted.Report.StopReason);
    }

    [Fact]
    public void A_whole_pass_of_mini_batches_tells_the_inertia_of_each_row_before_it_moved_a_centre()
    {
        TestSet set = TestData.Make("blobs", 500, 5, 6, seed: 73);
        KMeansOptions options = TestEstimators.From(TestSet.ToArray(set.Centers, 5)) with
        {
            BatchSize = 500, MaxIterations = 3, Tolerance = 0, MaxNoImprovement = null, ReassignmentRatio = 0,
            SampleIterations = 0, FinalIterations = 0,
        };
        KMeansEstimator fitted = TestEstimators.Fit(nameof(MiniBatchKMeans), options, set.Array);
        var oracle = new OracleCenters(set.Centers, new double[6], 5);
        Assert.Equal(3, fitted.Report.InertiaPerIteration.Length);
        Assert.All(fitted.Report.InertiaPerIteration, told => Near.Equal(oracle.Step(set.Rows).Inertia, told, 1e-6, "inertia"));
        Near.Equal(oracle.Values, TestEstimators.Flat(fitted.ClusterCenters), 1e-6, "centres");
    }

    [Theory, InlineData(nameof(KMeans)), InlineData(nameof(MiniBatchKMeans))]
    public void The_iterations_allowed_are_not_exceeded(string name)
    {
        TestSet set = TestData.Make("uniform", 4000, 8, 30, seed: 74);
        KMeansOptions options = TestEstimators.Options(30) with
        {
            MaxIterations = 2, Tolerance = 0, MaxNoImprovement = null, BatchSize = 500, FinalIterations = 0,
        };
        FitReport report = TestEstimators.Fit(name, options, set.Array).Report;
        Assert.Equal((StopReason.MaxIterations, 2), (report.StopReason, report.Iterations));
        Assert.Equal(name == nameof(KMeans) ? 2 : 16, report.Steps);
        Assert.Equal(8000, report.RowsSeen);
        Assert.Contains("CPU", report.Engine);
    }

    [Theory, InlineData(nameof(KMeans)), InlineData(nameof(MiniBatchKMeans))]
    public void A_generous_tolerance_ends_a_fit(string name)
    {
        TestSet set = TestData.Make("uniform", 4000, 8, 30, seed: 75);
        KMeansOptions options = TestEstimators.Options(30) with { Tolerance = 1e6, BatchSize = 500 };
        FitReport report = TestEstimators.Fit(name, options, set.Array).Report;
        Assert.Equal((StopReason.Tolerance, 1), (report.StopReason, report.Iterations));
    }

    [Fact]
    public void Mini_batches_end_when_the_smoothed_inertia_stops_improving()
    {
        TestSet set = TestData.Make("gaussian", 5000, 8, 5, seed: 76);
        KMeansOptions options = TestEstimators.Options(5) with { Tolerance = 0, BatchSize = 100, MaxNoImprovement = 3 };
        Assert.Equal(StopReason.NoImprovement, TestEstimators.Fit(nameof(MiniBatchKMeans), options, set.Array).Report.StopReason);
        options = options with { MaxNoImprovement = null, MaxIterations = 4 };
        Assert.Equal(StopReason.MaxIterations, TestEstimators.Fit(nameof(MiniBatchKMeans), options, set.Array).Report.StopReason);
    }

    [Fact]
    public void Starved_centres_are_put_to_use()
    {
        // Two of three centres start where no row ever is.
        TestSet set = TestData.Make("blobs", 3000, 2, 3, seed: 77);
        float[,] centers = { { set.Rows[0], set.Rows[1] }, { 1e6f, 1e6f }, { -1e6f, 1e6f } };
        KMeansOptions options = TestEstimators.From(centers) with
        {
            BatchSize = 300, SampleIterations = 0, FinalIterations = 0,
        };
        KMeansEstimator fitted = TestEstimators.Fit(nameof(MiniBatchKMeans), options, set.Array);
        Assert.InRange(fitted.Report.ReseededCenters, 2, 100);
        Assert.Equal(0, fitted.Report.EmptyClusters);
        KMeansEstimator never = TestEstimators.Fit(nameof(MiniBatchKMeans), options with { ReassignmentRatio = 0 }, set.Array);
        Assert.Equal((0, 2), (never.Report.ReseededCenters, never.Report.EmptyClusters));
    }
}
