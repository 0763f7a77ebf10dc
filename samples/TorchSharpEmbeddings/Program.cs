using System.CommandLine;
using System.Diagnostics;
using GpuKMeans;
using GpuKMeans.Spatial;
using PlaceNames;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharpEmbeddings;
using Tensor = TorchSharp.torch.Tensor;

Option<string> deviceName = new("--device") { Description = "Where to train and to cluster: cpu, cuda, mps", DefaultValueFactory = _ => torch.cuda.is_available() ? "cuda" : "cpu" };
Option<int> clusters = new("--clusters") { Description = "How many clusters", DefaultValueFactory = _ => 40 };
Option<int> epochs = new("--epochs") { Description = "Passes of the network's training over the names", DefaultValueFactory = _ => 3 };
Option<int> most = new("--places") { Description = "The most places that are taken", DefaultValueFactory = _ => int.MaxValue };
Option<string> output = new("--output") { Description = "The GeoParquet file to write", DefaultValueFactory = _ => "places.parquet" };
var command = new RootCommand("Trains embeddings of place names in TorchSharp and clusters them where they are.")
{
    deviceName, clusters, epochs, most, output,
};
command.SetAction(parsed =>
{
    try
    {
        List<Place> places = PlaceFile.Read(Path.Combine(AppContext.BaseDirectory, "places.csv.gz"));
        Run(
            places[..Math.Min(places.Count, parsed.GetValue(most))],
            new torch.Device(parsed.GetValue(deviceName)!),
            parsed.GetValue(clusters),
            parsed.GetValue(epochs),
            parsed.GetValue(output)!);
        return 0;
    }
    catch (Exception e) when (e is ArgumentException or IOException)
    {
        Console.Error.WriteLine(e.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static void Run(List<Place> places, torch.Device device, int clusterCount, int epochs, string output)
{
    var clock = Stopwatch.StartNew();
    torch.random.manual_seed(1);
    using var dataset = new PlaceDataset(places);
    using NameNetwork network = Train(dataset, device, epochs, clock);

    // The batches of a loader, embedded as they come, go into the tool as they are: id, embedding and geometry of each place.
    using DataLoader loader = torch.utils.data.DataLoader(dataset, 4096, device: device, disposeDataset: false);
    var tool = new KMeansClusteringTool(new KMeansOptions { ClusterCount = clusterCount, Metric = Metric.Cosine });
    ClusteredFeatures features = tool.Run(Embed(loader, network));
    Tell(clock, $"{clusterCount} clusters by {tool.Estimator.Report.Engine}");
    tool.ExportToParquet(features, output);
    Tell(clock, $"{output} written");

    // Tensors in, tensors out: the names nearest to each centre.
    using var scope = torch.NewDisposeScope();
    Tensor embeddings = torch.cat([.. Embed(loader, network).Select(batch => batch["embedding"].clone())]);
    Tensor distances = tool.Estimator.Transform(embeddings);
    (_, Tensor nearest) = distances.topk(4, 0, largest: false);
    Tensor sizes = tool.Estimator.Predict(embeddings).bincount(null, clusterCount).cpu();
    Tensor order = nearest.cpu();
    foreach (int cluster in Enumerable.Range(0, clusterCount).OrderByDescending(k => sizes[k].item<long>()))
    {
        IEnumerable<Place> typical = Enumerable.Range(0, 4).Select(i => places[(int)order[i, cluster].item<long>()]);
        Console.WriteLine($"{sizes[cluster].item<long>(),8:N0}  {string.Join(", ", typical.Select(place => $"{place.Name} ({place.Country})"))}");
    }
}

static NameNetwork Train(PlaceDataset dataset, torch.Device device, int epochs, Stopwatch clock)
{
    var network = new NameNetwork(dataset.Countries.Count);
    network.to(device);
    using Adam optimizer = torch.optim.Adam(network.parameters(), lr: 1e-2);
    using DataLoader loader = torch.utils.data.DataLoader(dataset, 1024, shuffle: true, device: device, seed: 1, disposeDataset: false);
    for (int epoch = 1; epoch <= epochs; epoch++)
    {
        double total = 0;
        foreach (Dictionary<string, Tensor> batch in loader)
        {
            using var scope = torch.NewDisposeScope();
            optimizer.zero_grad();
            Tensor loss = torch.nn.functional.cross_entropy(network.call(batch["runs"]), batch["country"]);
            loss.backward();
            optimizer.step();
            total += loss.item<float>() * batch["country"].shape[0];
        }

        Tell(clock, $"epoch {epoch} of {epochs}: loss {total / dataset.Count:F2}");
    }

    network.eval();
    return network;
}

static IEnumerable<Dictionary<string, Tensor>> Embed(DataLoader loader, NameNetwork network)
{
    using IDisposable noGradient = torch.no_grad();
    foreach (Dictionary<string, Tensor> batch in loader)
    {
        using Tensor embedding = network.Embed(batch["runs"]);
        yield return new() { ["id"] = batch["id"], ["embedding"] = embedding, ["geometry"] = batch["geometry"] };
    }
}

static void Tell(Stopwatch clock, string what) => Console.WriteLine($"{clock.Elapsed.TotalSeconds,6:F1} s  {what}");
