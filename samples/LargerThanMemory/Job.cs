using System.Diagnostics;
using System.Globalization;
using GpuKMeans;
using GpuKMeans.Spatial;
using NetTopologySuite.Geometries;
using Spectre.Console;

namespace LargerThanMemory;

/// <summary>A file of vectors, a point for each on the map, and their clusters in a GeoParquet file.</summary>
internal sealed class Job(string folder, long rows, int dimension)
{
    private readonly string _vectors = Path.Combine(folder, "vectors.npy");
    private readonly string _clusters = Path.Combine(folder, "clusters.parquet");
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>Makes the file of vectors, unless one of that size is there.</summary>
    public void MakeVectors()
    {
        Directory.CreateDirectory(folder);
        bool made = VectorMaker.Make(_vectors, rows, dimension);
        Tell($"{_vectors}: {rows:N0} vectors of {dimension} values, {new FileInfo(_vectors).Length / 1e9:F1} GB{(made ? "" : ", from before")}");
    }

    /// <summary>Clusters the vectors and writes the clusters.</summary>
    public async Task Cluster(KMeansOptions options, StreamOptions reading, bool order, CancellationToken cancellationToken)
    {
        using VectorSource vectors = VectorFile.Open(_vectors);
        FeatureSource source = FeatureSource.From(vectors, id: row => row, geometry: PlaceOf);
        var tool = new KMeansClusteringTool(options);
        using var memory = new MemoryWatch();

        long start = Stopwatch.GetTimestamp();
        await Bars.Show(progress => tool.ExportToParquetAsync(
            tool.RunAsync(source, reading, progress, cancellationToken),
            _clusters,
            new GeoParquetOptions { SpatialOrder = order, Compression = ParquetCompression.Snappy },
            cancellationToken));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

        FitReport report = tool.Estimator.Report;
        Tell($"{options.ClusterCount} clusters after {report.Steps:N0} steps over {report.RowsSeen:N0} rows: {report.StopReason}, {report.Engine}");
        double training = (report.CheckTime + report.InitializationTime + report.TrainingTime).TotalSeconds;
        Tell($"{training:F1} s to train; {seconds - training:F1} s to label and write, {rows / (seconds - training):N0} rows a second");
        Tell($"{_clusters}: {new FileInfo(_clusters).Length / 1e9:F2} GB, {rows / seconds:N0} rows a second from file to file");
        Tell($"memory: {reading.MemoryLimit >> 20} MB allowed for rows in training, {memory.Peak >> 20} MB of our own at most, page cache aside");
    }

    /// <summary>A place for each row, scattered evenly over the globe by the golden ratio.</summary>
    private Point PlaceOf(long row)
    {
        double turn = row * 0.618033988749895;
        return new Point((360 * (turn - Math.Floor(turn))) - 180, Math.Asin((2 * ((row + 0.5) / rows)) - 1) * 180 / Math.PI);
    }

    private void Tell(string what) =>
        AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_clock.Elapsed.TotalSeconds,6:F1} s  {what}"));
}
