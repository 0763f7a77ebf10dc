using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;
using GpuKMeans;
using GpuKMeans.Spatial;
using NetTopologySuite.Geometries;

string feed = args[0], version = args[1], parquet = args[2];

// The packages hold what a package must.
foreach (string id in args[3..])
{
    using ZipArchive package = ZipFile.OpenRead(Path.Combine(feed, $"{id}.{version}.nupkg"));
    foreach (string file in new[] { $"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml", "README.md" })
    {
        Check(package.GetEntry(file) is not null, $"{id} lacks {file}");
    }

    Check(File.Exists(Path.Combine(feed, $"{id}.{version}.snupkg")), $"{id} has no symbols");
    using StreamReader nuspec = new(package.GetEntry($"{id}.nuspec")!.Open());
    string[] needed =
    [
        .. from dependency in XDocument.Load(nuspec).Descendants()
           where dependency.Name.LocalName == "dependency"
           select $"{dependency.Attribute("id")!.Value} {dependency.Attribute("version")!.Value}",
    ];
    Check(needed.Order().SequenceEqual(Needed(id)), $"{id} depends on {string.Join(", ", needed)}");
}

string loaded = typeof(MiniBatchKMeans).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
Check(loaded.StartsWith(version, StringComparison.Ordinal), $"version {loaded} is loaded, not {version}");

// Two clouds, the second far from the first.
var random = new Random(1);
var rows = new float[2000, 8];
for (int row = 0; row < 2000; row++)
{
    for (int i = 0; i < 8; i++)
    {
        rows[row, i] = random.NextSingle() + (row < 1000 ? 0 : 100);
    }
}

var kmeans = new MiniBatchKMeans(new KMeansOptions { ClusterCount = 2, Device = Device.Cpu });
kmeans.Fit(rows);
int[] labels = kmeans.Predict(rows);
Check(labels.Length == 2000 && labels[0] != labels[1000], "the clouds are not told apart");
Check(labels.Take(1000).All(l => l == labels[0]) && labels.Skip(1000).All(l => l == labels[1000]), "a cloud is split");

int[] ids = [.. Enumerable.Range(0, 2000)];
Point[] points = [.. ids.Select(id => new Point(id / 1000.0, 1))];
var tool = new KMeansClusteringTool(2, 256, Device.Cpu);
ClusteredFeatures features = tool.Run(ids, rows, points);
tool.ExportToParquet(features, parquet);
byte[] bytes = File.ReadAllBytes(parquet);
Check(bytes.AsSpan().StartsWith("PAR1"u8) && bytes.AsSpan().EndsWith("PAR1"u8), "the file is not Parquet");
Check(bytes.AsSpan().IndexOf("\"primary_column\""u8) >= 0, "the file has no geo metadata");

Console.WriteLine($"Packages {version}: fitted, predicted and wrote {bytes.Length} bytes of GeoParquet.");

// No libtorch: the application chooses one.
string[] Needed(string id) => id switch
{
    "GpuKMeans" => ["System.Numerics.Tensors 10.0.15"],
    "GpuKMeans.Spatial" => [$"GpuKMeans [{version}]", "NetTopologySuite 2.5.0", "Npgsql 10.0.0"],
    "GpuKMeans.TorchSharp" => [$"GpuKMeans [{version}]", $"GpuKMeans.Spatial [{version}]", "TorchSharp 0.107.0"],
    _ => throw new ArgumentException($"Nothing is known of {id}."),
};

static void Check(bool condition, string message)
{
    if (!condition)
    {
        Console.Error.WriteLine($"error: {message}");
        Environment.Exit(1);
    }
}
