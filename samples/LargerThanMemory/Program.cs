using System.CommandLine;
using GpuKMeans;
using LargerThanMemory;

Option<long> rows = new("--rows") { Description = "How many vectors", DefaultValueFactory = _ => 1_000_000 };
Option<int> dimension = new("--dimension") { Description = "Values in a vector", DefaultValueFactory = _ => 32 };
Option<int> clusters = new("--clusters") { Description = "How many clusters", DefaultValueFactory = _ => 100 };
Option<int> memory = new("--memory") { Description = "Megabytes for rows in memory", DefaultValueFactory = _ => 64 };
Option<string> folder = new("--folder") { Description = "Where vectors.npy and clusters.parquet go", DefaultValueFactory = _ => "." };
Option<bool> order = new("--spatial-order") { Description = "Write neighbours next to each other" };

var command = new RootCommand("Clusters a file of vectors that is larger than the memory allowed for it.")
{
    rows, dimension, clusters, memory, folder, order,
};
command.SetAction(async (parsed, cancellationToken) =>
{
    try
    {
        var job = new Job(parsed.GetValue(folder)!, parsed.GetValue(rows), parsed.GetValue(dimension));
        job.MakeVectors();
        var options = new KMeansOptions { ClusterCount = parsed.GetValue(clusters), BatchSize = 8192 };
        var reading = new StreamOptions { MemoryLimit = (long)parsed.GetValue(memory) << 20 };
        await job.Cluster(options, reading, parsed.GetValue(order), cancellationToken);
        return 0;
    }
    catch (Exception e) when (e is ArgumentException or IOException or InvalidDataException)
    {
        Console.Error.WriteLine(e.Message);
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();
