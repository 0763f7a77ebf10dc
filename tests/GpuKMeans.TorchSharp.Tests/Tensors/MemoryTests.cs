using GpuKMeans.Engines;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Tests.Tensors;

/// <summary>What is made on the way is disposed of on the way.</summary>
public sealed class MemoryTests
{
    public static TheoryData<string> Engines => TestEngines.Names;

    public static TheoryData<string> Devices => TestDevices.Names;

    [Theory, MemberData(nameof(Engines))]
    public void No_tensor_is_left_of_two_thousand_steps(string name)
    {
        TestSet set = TestData.Get("blobs", 1000, 8, 10);
        using KMeansEngine engine = TestEngines.Create(name, set);
        using EngineData data = engine.Load(set.Source, set.Weights, set.Frame);
        var figures = new StepStatistics[8];
        engine.RunSteps(data, RowOrder.Shuffled(1000, 1), 0, 64, figures);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 250; i++)
        {
            engine.RunSteps(data, RowOrder.Shuffled(1000, (ulong)i), 0, 64, figures);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Theory, MemberData(nameof(Devices))]
    public void No_tensor_is_left_of_fits_and_labels(string name)
    {
        torch.Device device = TestDevices.Get(name);
        TestSet set = TestData.Get("blobs", 1000, 8, 10);
        using Tensor rows = torch.tensor(set.Rows, [1000, 8]).to(device, disposeAfter: true);

        // Labels are made by the model, which keeps its engine for the next.
        var lloyd = new KMeans(new KMeansOptions { ClusterCount = 10, ComputeLabels = false });
        using var steps = new MiniBatchKMeans(10);
        KMeansModel model = new KMeans(10).Fit(rows).Model;
        Work();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 20; i++)
        {
            Work();
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Work()
        {
            lloyd.Fit(rows);
            steps.PartialFit(rows);
            using Tensor labels = model.Predict(rows), distances = model.Transform(rows), centers = model.GetClusterCenters(device);
            model.Score(rows);
        }
    }
}
