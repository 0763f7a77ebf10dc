namespace GpuKMeans.Tests.Estimators;

/// <summary>A fit that is stopped leaves the estimator as it was; progress is told in order.</summary>
public sealed class CancellationTests
{
    private static readonly TestSet _set = TestData.Make("uniform", 4000, 8, 30, seed: 81);

    private static readonly KMeansOptions _options = TestEstimators.Options(30) with
    {
        BatchSize = 250, MaxIterations = 3, Tolerance = 0, MaxNoImprovement = null,
    };

    public static TheoryData<string> Names => TestEstimators.Names;

    public static TheoryData<string, FitPhase> NamesAndPhases => new(
        from name in (string[])[nameof(KMeans), nameof(MiniBatchKMeans)]
        from phase in (FitPhase[])[FitPhase.Checking, FitPhase.Initializing, FitPhase.Training]
        select (name, phase));

    [Theory, MemberData(nameof(Names))]
    public void A_fit_cancelled_before_it_begins_does_nothing(string name)
    {
        KMeansEstimator estimator = TestEstimators.Create(name, _options);
        Assert.ThrowsAny<OperationCanceledException>(
            () => estimator.Fit(_set.Array, cancellationToken: new CancellationToken(canceled: true)));
        Assert.False(estimator.IsFitted);
    }

    [Theory, MemberData(nameof(NamesAndPhases))]
    public void A_fit_cancelled_midway_leaves_an_unfitted_estimator_unfitted(string name, FitPhase phase)
    {
        KMeansEstimator estimator = TestEstimators.Create(name, _options);
        Cancel(estimator, phase);
        Assert.False(estimator.IsFitted);
        TestEstimators.SameFit(TestEstimators.Fit(name, _options, _set.Array), estimator.Fit(_set.Array));
    }

    [Theory, MemberData(nameof(NamesAndPhases))]
    public void A_fit_cancelled_midway_leaves_the_fit_before_it(string name, FitPhase phase)
    {
        TestSet before = TestData.Make("blobs", 500, 3, 30, seed: 82);
        KMeansEstimator estimator = TestEstimators.Fit(name, _options, before.Array);
        Cancel(estimator, phase);
        TestEstimators.SameFit(TestEstimators.Fit(name, _options, before.Array), estimator);
    }

    [Fact]
    public void A_fit_cancelled_midway_leaves_what_partial_fits_have_learnt()
    {
        using var estimator = new MiniBatchKMeans(_options);
        using var twin = new MiniBatchKMeans(_options);
        estimator.PartialFit(_set.Array);
        twin.PartialFit(_set.Array);
        Cancel(estimator, FitPhase.Training);
        estimator.PartialFit(_set.Array);
        twin.PartialFit(_set.Array);
        Near.SameBits(twin.ClusterCenters, estimator.ClusterCenters);
    }

    [Fact]
    public void Predict_transform_and_score_can_be_cancelled()
    {
        KMeansModel model = TestEstimators.Fit(nameof(KMeans), _options, _set.Array).Model;
        var cancelled = new CancellationToken(canceled: true);
        Assert.ThrowsAny<OperationCanceledException>(() => model.Predict(_set.Array, cancelled));
        Assert.ThrowsAny<OperationCanceledException>(() => model.Transform(_set.Array, cancelled));
        Assert.ThrowsAny<OperationCanceledException>(() => model.Score(_set.Array, default, cancelled));
    }

    [Theory, MemberData(nameof(Names))]
    public void Phases_come_in_order_and_rows_add_up(string name)
    {
        List<FitProgress> told = [];
        TestEstimators.Create(name, _options).Fit(_set.Array, progress: new ProgressCall(told.Add));
        Assert.Equal(told.Select(progress => progress.Phase).Order(), told.Select(progress => progress.Phase));
        Assert.Equal(Enum.GetValues<FitPhase>(), told.Select(progress => progress.Phase).Distinct());
        Assert.All(told, progress => Assert.Equal(4000, progress.RowsTotal));
        FitProgress[] training = [.. told.Where(progress => progress.Phase == FitPhase.Training)];
        int passes = 3 + (name == nameof(MiniBatchKMeans) ? _options.FinalIterations : 0);
        Assert.Equal(Enumerable.Range(1, passes), training.Select(progress => progress.Iteration).Distinct());
        Assert.Equal(passes, training.Count(progress => progress.RowsDone == 4000));
        Assert.Equal(training.Select(progress => progress.Steps).Order().Distinct(), training.Select(progress => progress.Steps));
        Assert.Equal(4000, told[^1].RowsDone);
    }

    [Theory, MemberData(nameof(Names))]
    public void Being_watched_changes_no_bit(string name) => TestEstimators.SameFit(
        TestEstimators.Fit(name, _options, _set.Array),
        TestEstimators.Create(name, _options).Fit(_set.Array, progress: new ProgressCall(_ => { })));

    private static void Cancel(KMeansEstimator estimator, FitPhase phase)
    {
        using var source = new CancellationTokenSource();
        var progress = new ProgressCall(progress =>
        {
            if (progress.Phase == phase)
            {
                source.Cancel();
            }
        });
        Assert.ThrowsAny<OperationCanceledException>(
            () => estimator.Fit(_set.Array, progress: progress, cancellationToken: source.Token));
    }
}
