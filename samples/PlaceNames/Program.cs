using System.CommandLine;
using System.Data.Common;
using GpuKMeans;
using PlaceNames;

Option<int> clusters = new("--clusters") { Description = "How many clusters", DefaultValueFactory = _ => 60 };
Option<string> output = new("--output") { Description = "The GeoParquet file to write", DefaultValueFactory = _ => "places.parquet" };
Option<string?> postgis = new("--postgis") { Description = "A database for the table \"places\" too: postgresql://user:password@host/db" };
Option<Device> device = new("--device")
{
    Description = "Where to compute: auto, cpu, cuda or cuda:n",
    CustomParser = result =>
    {
        try
        {
            return Device.Parse(result.Tokens[0].Value);
        }
        catch (FormatException e)
        {
            result.AddError(e.Message);
            return default;
        }
    },
};
Option<int> seed = new("--seed") { Description = "Another seed, another clustering" };
Option<string?> embeddings = new("--embeddings") { Description = "Where to write the embeddings too, as a .npy file" };

var command = new RootCommand("Clusters the populated places of the world by their names.")
{
    clusters, output, postgis, device, seed, embeddings,
};
command.SetAction(parsed =>
{
    try
    {
        var options = new KMeansOptions
        {
            ClusterCount = parsed.GetValue(clusters),
            BatchSize = 4096,
            Seed = parsed.GetValue(seed),
            Device = parsed.GetValue(device),
        };
        PlaceNamesJob.Run(options, parsed.GetValue(output)!, parsed.GetValue(postgis), parsed.GetValue(embeddings));
        return 0;
    }
    catch (Exception e) when (e is ArgumentException or InvalidOperationException or IOException or DbException)
    {
        Console.Error.WriteLine(e.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();
