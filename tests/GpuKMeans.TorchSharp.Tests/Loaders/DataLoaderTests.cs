using GpuKMeans.Spatial;
using NetTopologySuite.Geometries;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace GpuKMeans.Tests.Loaders;

/// <summary>Data loaders of TorchSharp feed the estimator and the tool.</summary>
public sealed class DataLoaderTests
{
    private const int Count = 700, Dimension = 5, Clusters = 6;

    private static readonly TestSet _set = TestData.Make("blobs", Count, Dimension, Clusters, seed: 8);

    public static TheoryData<string> Devices => TestDevices.Names;

    [Theory, MemberData(nameof(Devices))]
    public void Each_batch_is_learnt_once(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var expected = new MiniBatchKMeans(Clusters);
        for (int start = 0; start < Count; start += 100)
        {
            expected.PartialFit(TestSet.ToArray(_set.Rows[(start * Dimension)..((start + 100) * Dimension)], Dimension));
        }

        using var named = new MiniBatchKMeans(Clusters);
        using var listed = new MiniBatchKMeans(Clusters);
        using var loader = new TorchSharp.Modules.DataLoader(new Places(_set, Geometries.None), 100, device: device);
        named.PartialFit(loader);
        using Tensor rows = torch.tensor(_set.Rows, [Count, Dimension]);
        using var lists = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(rows), 100, device: device);
        listed.PartialFit(lists);
        Near.Equal(TestEstimators.Flat(expected.ClusterCenters), TestEstimators.Flat(named.ClusterCenters), 1e-6, "centre");
        Near.SameBits(named.ClusterCenters, listed.ClusterCenters);
        Assert.Equal(Count, named.Report.RowsSeen);
    }

    [Fact]
    public void First_batches_with_fewer_rows_than_clusters_are_one()
    {
        TestDevices.Get("cpu");
        using var kmeans = new MiniBatchKMeans(Clusters);
        using var loader = new TorchSharp.Modules.DataLoader(new Places(_set, Geometries.None), 4);
        kmeans.PartialFit(loader);
        Assert.Equal(Count, kmeans.Report.RowsSeen);
        Assert.Equal((Count / 4) - 1, kmeans.Report.Steps);

        using var few = new MiniBatchKMeans(Count + 1);
        ArgumentException error = Assert.Throws<ArgumentException>(() => few.PartialFit(loader));
        Assert.Contains("The loader gave 700 rows and ClusterCount is 701", error.Message);
    }

    [Theory, MemberData(nameof(Devices))]
    public void The_tool_clusters_a_loader(string name)
    {
        torch.Device device = TestDevices.Get(name);
        foreach (Geometries geometries in Enum.GetValues<Geometries>())
        {
            using var loader = new TorchSharp.Modules.DataLoader(new Places(_set, geometries), 100, shuffle: true, device: device, seed: 4);
            var tool = new KMeansClusteringTool(Clusters);
            Check(tool.Run(loader), tool, geometries);
        }
    }

    [Theory, MemberData(nameof(Devices))]
    public async Task The_tool_clusters_a_loader_a_few_batches_at_a_time(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var loader = new TorchSharp.Modules.DataLoader(new Places(_set, Geometries.Points), 100, device: device);
        var tool = new KMeansClusteringTool(Clusters);
        int rows = 0;
        await foreach (ClusteredFeatures batch in tool.RunAsync(loader))
        {
            Check(batch, tool, Geometries.Points);
            rows += batch.Count;
        }

        Assert.Equal(Count, rows);
    }

    [Theory, MemberData(nameof(Devices))]
    public void The_tool_takes_a_tensor_of_embeddings(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using Tensor rows = torch.tensor(_set.Rows, [Count, Dimension]).to(device);
        string[] ids = [.. Enumerable.Range(0, Count).Select(i => $"place {i}")];
        var tool = new KMeansClusteringTool(Clusters);
        ClusteredFeatures features = tool.Run(ids, rows, [.. ids.Select((_, i) => new Point(i, i))], "EPSG:4326");
        Assert.Equal(tool.Estimator.Predict(_set.Array), features.ClusterIds.Values);
    }

    [Fact]
    public void What_a_batch_lacks_is_named()
    {
        TestDevices.Get("cpu");
        using var scope = torch.NewDisposeScope();
        var tool = new KMeansClusteringTool(2);
        Tensor rows = torch.rand(4, 3), ids = torch.arange(4, torch.ScalarType.Int64);
        Refused(new() { ["embedding"] = rows }, "The batch has no \"id\"; it has \"embedding\".");
        Refused(new() { ["id"] = ids, ["vector"] = rows }, "The batch has no \"embedding\"; it has \"id\", \"vector\".");
        Refused(new() { ["id"] = ids.to(torch.ScalarType.Float32), ["embedding"] = rows }, "The ids are of type Float32");
        Refused(new() { ["id"] = ids[..3], ["embedding"] = rows }, "The ids are 3 for 4 rows");
        Refused(new() { ["id"] = ids, ["embedding"] = rows, ["geometry"] = torch.rand(4, 3) }, "The geometries are 4×3 for 4 rows");
        Refused(new() { ["id"] = ids, ["embedding"] = ids }, "The tensor has 1 dimensions (4)");
        Tensor far = torch.zeros(4, 2, torch.ScalarType.Float64), turned = torch.zeros(4, 4, torch.ScalarType.Float64);
        far[2, 1] = double.PositiveInfinity;
        turned[3, 0] = 1;
        Refused(new() { ["id"] = ids, ["embedding"] = rows, ["geometry"] = far }, "The geometry of row 2 of the batch is 0, Infinity");
        Refused(new() { ["id"] = ids, ["embedding"] = rows, ["geometry"] = turned }, "The box of row 3 of the batch is 1, 0, 0, 0");
        Dictionary<string, Tensor> one = new() { ["id"] = ids, ["embedding"] = rows }, wide = new() { ["id"] = ids, ["embedding"] = torch.rand(4, 5) };
        Assert.Contains(
            "A batch has rows of 5 values, the first one's have 3",
            Assert.Throws<ArgumentException>(() => tool.Run([one, wide])).Message);
        using var five = new MiniBatchKMeans(5);
        Assert.Contains(
            "A batch has rows of 5 values, the first one's have 3",
            Assert.Throws<ArgumentException>(() => five.PartialFit([one, wide])).Message);
        Assert.Contains(
            "The loader gave no rows", Assert.Throws<ArgumentException>(() => tool.Run(Array.Empty<Dictionary<string, Tensor>>())).Message);
        Assert.Equal(2, tool.Run([new() { ["id"] = ids, ["v"] = rows }], new LoaderKeys { Embedding = "v" }).ClusterIds.Values.Distinct().Count());

        void Refused(Dictionary<string, Tensor> batch, string message) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(() => tool.Run([batch])).Message);
    }

    /// <summary>The usual forms of an iterator that embeds as it goes: a scope for each batch, moving out of one, a batch kept for later.</summary>
    [Fact]
    public async Task Loaders_may_dispose_of_what_they_gave_and_keep_what_they_like()
    {
        TestDevices.Get("cpu");
        Tensor? kept = null;
        Tensor rows = torch.tensor(_set.Rows, [Count, Dimension]);
        int[] expected = [];
        foreach (Func<IEnumerable<Dictionary<string, Tensor>>> loader in (Func<IEnumerable<Dictionary<string, Tensor>>>[])[Scoped, Moved])
        {
            var tool = new KMeansClusteringTool(Clusters);
            int[] labels = [.. tool.Run(loader()).ClusterIds.Values];
            expected = expected.Length == 0 ? labels : expected;
            Assert.Equal(expected, labels);

            // The first batches are fewer than the clusters.
            using var parts = new MiniBatchKMeans(150);
            Assert.Equal(Count, parts.PartialFit(loader()).Report.RowsSeen);
            using var passes = new MiniBatchKMeans(Clusters);
            await passes.FitAsync(loader().AsStream());
            Assert.Equal(Count, passes.ClusterCounts.Sum());
        }

        Assert.Equal(_set.Rows[..Dimension], kept!.data<float>().ToArray());
        kept.Dispose();
        rows.Dispose();

        IEnumerable<Dictionary<string, Tensor>> Scoped()
        {
            for (int start = 0; start < Count; start += 100)
            {
                using var scope = torch.NewDisposeScope();
                kept ??= rows[0].clone().DetachFromDisposeScope();
                yield return new() { ["id"] = torch.arange(start, start + 100, torch.ScalarType.Int64), ["embedding"] = rows.narrow(0, start, 100) * 1 };
            }
        }

        IEnumerable<Dictionary<string, Tensor>> Moved()
        {
            for (int start = 0; start < Count; start += 100)
            {
                Tensor batch;
                using (torch.NewDisposeScope())
                {
                    batch = (rows.narrow(0, start, 100) * 1).MoveToOuterDisposeScope();
                }

                yield return new() { ["id"] = torch.arange(start, start + 100, torch.ScalarType.Int64), ["embedding"] = batch };
            }
        }
    }

    // Ids are ten times a row's number, so that whatever the order was, each row tells which one it is.
    private static void Check(ClusteredFeatures features, KMeansClusteringTool tool, Geometries geometries)
    {
        long[] ids = [.. ((FeatureColumn<long>)features.Ids).Values];
        int[] labels = tool.Estimator.Predict(_set.Array);
        Assert.Equal(ids.Select(id => labels[id / 10]), features.ClusterIds.Values);
        Assert.Equal(geometries == Geometries.None, features.Geometries is null);
        for (int i = 0; i < ids.Length && features.Geometries is { } shapes; i++)
        {
            long row = ids[i] / 10;
            Envelope? expected = row % 50 == 0 ? null : Places.Box(row, geometries);
            Assert.Equal(expected, shapes[i]?.EnvelopeInternal);
        }
    }

    private enum Geometries
    {
        None,
        Points,
        Boxes,
    }

    /// <summary>Rows with ids and geometries; every fiftieth has no geometry.</summary>
    private sealed class Places(TestSet set, Geometries geometries) : torch.utils.data.Dataset
    {
        public override long Count => set.Count;

        public static Envelope Box(long row, Geometries geometries) =>
            geometries == Geometries.Points ? new(row, row, -row, -row) : new(row, row + 1, -row, 2 - row);

        public override Dictionary<string, Tensor> GetTensor(long index)
        {
            Dictionary<string, Tensor> row = new()
            {
                ["id"] = torch.tensor(index * 10),
                ["embedding"] = torch.tensor(Oracle.Row(set.Rows, index, set.Dimension).ToArray()),
            };
            if (geometries != Geometries.None)
            {
                Envelope box = Box(index, geometries);
                double[] values = geometries == Geometries.Points ? [box.MinX, box.MinY] : [box.MinX, box.MinY, box.MaxX, box.MaxY];
                row["geometry"] = torch.tensor(index % 50 == 0 ? Array.ConvertAll(values, _ => double.NaN) : values);
            }

            return row;
        }
    }
}
