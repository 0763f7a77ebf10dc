using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Tests.Tensors;

/// <summary>Estimators take tensors and give what they give for the same rows in an array.</summary>
public sealed class TensorEstimatorTests
{
    private const int Count = 3000, Dimension = 12, Clusters = 9;

    private static readonly TestSet _set = TestData.Make("blobs", Count, Dimension, Clusters, seed: 11);

    public static TheoryData<string> Devices => TestDevices.Names;

    [Theory, MemberData(nameof(Devices))]
    public void Mini_batches_are_those_of_the_cpu_engine(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();
        KMeansOptions options = From(_set.Centers);
        using var expected = new MiniBatchKMeans(options with { Device = Device.Cpu });
        expected.Fit(_set.Array, _set.Weights);
        using var actual = new MiniBatchKMeans(options);
        Tensor labels = actual.FitPredict(Rows(device), Weights(device));
        SameFit(expected, actual, labels, device);
    }

    [Theory, MemberData(nameof(Devices))]
    public void Full_iterations_are_those_of_the_cpu_engine(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();
        KMeansOptions options = From(_set.Centers);
        KMeans expected = new KMeans(options with { Device = Device.Cpu }).Fit(_set.Array);
        var actual = new KMeans(options);
        SameFit(expected, actual, actual.FitPredict(Rows(device)), device);
    }

    [Theory, MemberData(nameof(Devices))]
    public void The_first_centres_are_chosen_on_every_device(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();
        KMeansOptions options = new() { ClusterCount = Clusters, Metric = Metric.Cosine, Seed = 3 };
        KMeans expected = new KMeans(options with { Device = Device.Cpu }).Fit(_set.Array);
        KMeans actual = new KMeans(options).Fit(Rows(device));
        Near.Equal(expected.Inertia, actual.Inertia, 0.05, "inertia");
        Assert.Equal(expected.Predict(actual.ClusterCenters).Order(), Enumerable.Range(0, Clusters));
    }

    [Theory, MemberData(nameof(Devices))]
    public void Parts_are_learnt_as_from_arrays(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();
        KMeansOptions options = From(_set.Centers);
        using var expected = new MiniBatchKMeans(options with { Device = Device.Cpu });
        using var actual = new MiniBatchKMeans(options);
        Tensor rows = Rows(device);
        for (int start = 0; start < Count; start += 500)
        {
            expected.PartialFit(TestSet.ToArray(_set.Rows[(start * Dimension)..((start + 500) * Dimension)], Dimension));
            actual.PartialFit(rows.narrow(0, start, 500));
        }

        Near.Equal(TestEstimators.Flat(expected.ClusterCenters), TestEstimators.Flat(actual.ClusterCenters), 1e-6, "centre");
        Assert.Equal(expected.ClusterCounts, actual.ClusterCounts);
    }

    [Theory, MemberData(nameof(Devices))]
    public void Results_are_tensors_on_the_device_of_the_rows(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();
        KMeans fitted = new KMeans(From(_set.Centers)).Fit(_set.Array);
        Tensor rows = Rows(device), labels = fitted.Predict(rows), distances = fitted.Transform(rows);
        Tensor centers = fitted.GetClusterCenters(device);
        Assert.All([labels, distances, centers], tensor => Assert.Equal(device.type, tensor.device_type));
        Assert.Equal(torch.ScalarType.Int64, labels.dtype);
        Assert.Equal(fitted.Labels.Select(label => (long)label), Values<long>(labels));
        Assert.Equal([Count, Clusters], distances.shape);
        Assert.Equal(TestEstimators.Flat(fitted.ClusterCenters), Values<float>(centers));
        float[] expected = TestEstimators.Flat(fitted.Transform(_set.Array));
        Near.Each(Array.ConvertAll(expected, value => (double)value), Values<float>(distances), 1e-6, "distance", 1e-6);
        Near.Equal(fitted.Score(_set.Array, _set.Weights), fitted.Score(rows, Weights(device)), 1e-9, "score");

        // The labels of the rows index the centres.
        Near.Equal(
            -fitted.Score(_set.Array), (centers.index_select(0, labels) - rows).pow(2).sum().item<float>(), 1e-4, "by hand");
    }

    [Theory, MemberData(nameof(Devices))]
    public void A_row_that_is_not_finite_is_named(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();
        KMeans fitted = new KMeans(From(_set.Centers)).Fit(_set.Array);
        Tensor rows = Rows(device).clone();
        rows[1234, 5] = float.NaN;
        foreach (Action work in (Action[])[
            () => new MiniBatchKMeans(Clusters).Fit(rows),
            () => new KMeans(Clusters).Fit(rows),
            () => new MiniBatchKMeans(Clusters).PartialFit(rows),
            () => fitted.Predict(rows),
            () => fitted.Transform(rows),
            () => fitted.Score(rows)])
        {
            Assert.Contains("Row 1234, column 5 is NaN", Assert.Throws<ArgumentException>(work).Message);
        }
    }

    [Theory, MemberData(nameof(Devices))]
    public void A_row_that_is_too_large_is_named(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();
        KMeans fitted = new KMeans(From(_set.Centers)).Fit(_set.Array);
        Tensor rows = Rows(device).clone();
        rows[1234, 5] = 1e30f;
        foreach (Action work in (Action[])[() => fitted.Predict(rows), () => fitted.Score(rows)])
        {
            Assert.Contains("Row 1234 has values so large", Assert.Throws<ArgumentException>(work).Message);
        }
    }

    [Theory, MemberData(nameof(Devices))]
    public void A_weight_that_is_negative_is_named(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();
        Tensor weights = Weights(device).clone();
        weights[77] = -1;
        ArgumentException error = Assert.Throws<ArgumentException>(() => new MiniBatchKMeans(Clusters).Fit(Rows(device), weights));
        Assert.Contains("The weight of row 77 is -1", error.Message);
        error = Assert.Throws<ArgumentException>(() => new MiniBatchKMeans(Clusters).Fit(Rows(device), torch.ones(5)));
        Assert.Contains("5 weights and 3000 rows", error.Message);
        error = Assert.Throws<ArgumentException>(() => new MiniBatchKMeans(Clusters).Fit(Rows(device), torch.ones(0)));
        Assert.Contains("0 weights and 3000 rows", error.Message);
    }

    private static KMeansOptions From(float[] centers) => new()
    {
        ClusterCount = Clusters,
        BatchSize = 400,
        Initialization = KMeansInitialization.FromCenters(TestSet.ToArray(centers, Dimension)),
    };

    private static Tensor Rows(torch.Device device) => torch.tensor(_set.Rows, [Count, Dimension]).to(device);

    private static Tensor Weights(torch.Device device) => torch.tensor(_set.Weights).to(device);

    private static T[] Values<T>(Tensor tensor)
        where T : unmanaged => tensor.cpu().data<T>().ToArray();

    private static void SameFit(KMeansEstimator expected, KMeansEstimator actual, Tensor labels, torch.Device device)
    {
        Near.Equal(TestEstimators.Flat(expected.ClusterCenters), TestEstimators.Flat(actual.ClusterCenters), 1e-6, "centre");
        Assert.Equal(expected.ClusterCounts, actual.ClusterCounts);
        Assert.Equal(expected.Labels.Select(label => (long)label), Values<long>(labels));
        Assert.Equal(device.type, labels.device_type);
        Near.Equal(expected.Inertia, actual.Inertia, 1e-6, "inertia");
    }
}
