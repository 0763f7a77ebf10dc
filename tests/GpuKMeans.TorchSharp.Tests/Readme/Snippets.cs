using GpuKMeans.Spatial;
using TorchSharp;

namespace GpuKMeans.Tests.Readme;

/// <summary>The source of the README's code on tensors; that it is the same, line for line, is tested with the rest of it.</summary>
public sealed class Snippets
{
    public static TheoryData<string> Devices => TestDevices.Names;

    [Theory, MemberData(nameof(Devices))]
    public void Tensors(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();
        torch.Tensor embeddings = torch.rand(2000, 16, device: device);

        #region Tensors
        // torch.Tensor embeddings: N×D, of float32 (float64, float16 and bfloat16 are converted), on any device.
        using var kmeans = new MiniBatchKMeans(clusterCount: 60);
        torch.Tensor labels = kmeans.FitPredict(embeddings);
        torch.Tensor distances = kmeans.Transform(embeddings);
        torch.Tensor centers = kmeans.GetClusterCenters(embeddings.device);
        #endregion

        Assert.Equal([2000], labels.shape);
        Assert.Equal([2000, 60], distances.shape);
        Assert.Equal([60, 16], centers.shape);
        Assert.All([labels, distances, centers], result => Assert.Equal(embeddings.device_type, result.device_type));
        Assert.True(distances.argmin(1).Equals(labels));
    }

    [Theory, MemberData(nameof(Devices))]
    public void Loader(string name)
    {
        torch.Device device = TestDevices.Get(name);
        using var scope = torch.NewDisposeScope();
        using var folder = new TemporaryFolder();
        Dictionary<string, torch.Tensor>[] loader = [.. Enumerable.Range(0, 4).Select(i => new Dictionary<string, torch.Tensor>
        {
            ["id"] = torch.arange(500 * i, 500 * (i + 1), torch.ScalarType.Int64),
            ["embedding"] = torch.rand(500, 16, device: device),
            ["geometry"] = torch.rand(500, 2),
        })];
        string path = folder.File("clusters.parquet");

        #region Loader
        // A loader's batches are dictionaries of "id", "embedding" and, where there are any, "geometry": x and y, or a box.
        var tool = new KMeansClusteringTool(clusterCount: 60);
        ClusteredFeatures clusters = tool.Run(loader);
        tool.ExportToParquet(clusters, path);
        #endregion

        Assert.Equal(2000, clusters.Count);
        Assert.True(File.ReadAllBytes(path).AsSpan().StartsWith("PAR1"u8));
    }
}
