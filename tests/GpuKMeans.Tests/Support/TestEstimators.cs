namespace GpuKMeans.Tests;

/// <summary>Both estimators by name, for what they promise alike.</summary>
internal static class TestEstimators
{
    public static TheoryData<string> Names => [nameof(KMeans), nameof(MiniBatchKMeans)];

    /// <summary>Options on the CPU, so that a test gives the same bits on every machine.</summary>
    public static KMeansOptions Options(int clusters) => new() { ClusterCount = clusters, Device = Device.Cpu };

    /// <summary>Options that start from given centres.</summary>
    public static KMeansOptions From(float[,] centers) =>
        Options(centers.GetLength(0)) with { Initialization = KMeansInitialization.FromCenters(centers) };

    public static KMeansEstimator Create(string name, KMeansOptions options) =>
        name == nameof(KMeans) ? new KMeans(options) : new MiniBatchKMeans(options);

    public static KMeansEstimator Fit(string name, KMeansOptions options, VectorSource data, float[]? weights = null) =>
        Create(name, options).Fit(data, weights);

    public static KMeansEstimator Fit(
        this KMeansEstimator estimator,
        VectorSource data,
        float[]? weights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        estimator is KMeans lloyd
            ? lloyd.Fit(data, weights, progress, cancellationToken)
            : ((MiniBatchKMeans)estimator).Fit(data, weights, progress, cancellationToken);

    public static int[] FitPredict(this KMeansEstimator estimator, VectorSource data, float[]? weights = null) =>
        estimator is KMeans lloyd ? lloyd.FitPredict(data, weights) : ((MiniBatchKMeans)estimator).FitPredict(data, weights);

    /// <summary>Everything a fit found, equal only if every bit is.</summary>
    public static void SameFit(KMeansEstimator expected, KMeansEstimator actual)
    {
        Near.SameBits(expected.ClusterCenters, actual.ClusterCenters);
        Near.SameBits(expected.ClusterCounts, actual.ClusterCounts);
        Assert.Equal(expected.Labels, actual.Labels);
        Assert.Equal(BitConverter.DoubleToInt64Bits(expected.Inertia), BitConverter.DoubleToInt64Bits(actual.Inertia));
        Assert.Equal(expected.Report.InertiaPerIteration.AsEnumerable(), actual.Report.InertiaPerIteration.AsEnumerable());
        Assert.Equal(expected.Report.StopReason, actual.Report.StopReason);
    }

    public static float[] Flat(float[,] values) => [.. values.Cast<float>()];
}

/// <summary>Calls at once, on the thread that reports; <see cref="Progress{T}"/> would post.</summary>
internal sealed class ProgressCall(Action<FitProgress> call) : IProgress<FitProgress>
{
    public void Report(FitProgress value) => call(value);
}
