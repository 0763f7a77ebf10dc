using GpuKMeans;
using GpuKMeans.Spatial;
using NetTopologySuite.Geometries;

namespace GpuKMeans.Docs.Tests.Readme;

/// <summary>
/// The source of the README's code, run by <see cref="ReadmeTests"/> in an empty folder. A block there may begin with
/// using directives, which must be among those of this file.
/// </summary>
internal static class Snippets
{
    public static void OnTheMap()
    {
        (int[] ids, float[,] embeddings, Point[] points) = Rows();

        #region OnTheMap
        // int[] ids, float[,] embeddings, Point[] points: one of each a row.
        var tool = new KMeansClusteringTool(clusterCount: 60, batchSize: 1024, Device.Auto);
        ClusteredFeatures clusters = tool.Run(ids, embeddings, points, crs: "EPSG:4326");
        tool.ExportToParquet(clusters, "clusters.parquet");
        #endregion
    }

    public static void ToPostGis(string connection)
    {
        (int[] ids, float[,] embeddings, Point[] points) = Rows();
        var tool = new KMeansClusteringTool(clusterCount: 60, batchSize: 1024, Device.Auto);
        ClusteredFeatures clusters = tool.Run(ids, embeddings, points);

        #region ToPostGis
        // "postgresql://user:password@host/database", an Npgsql connection string, or an NpgsqlDataSource.
        tool.ExportToPostGis(clusters, "clusters", connection);
        #endregion
    }

    public static async Task FileToFile()
    {
        WriteNpy("vectors.npy");

        #region FileToFile
        using VectorSource vectors = VectorFile.Open("vectors.npy");
        FeatureSource rows = FeatureSource.From(vectors, id: row => row, geometry: row => new Point(row * 0.05, row * 0.01));
        var tool = new KMeansClusteringTool(clusterCount: 60, batchSize: 1024);
        await tool.ExportToParquetAsync(tool.RunAsync(rows), "clusters.parquet", new GeoParquetOptions { SpatialOrder = true });
        #endregion
    }

    public static async Task QueryToTable(string connection)
    {
        #region QueryToTable
        await using var rows = await PostgresFeatureSource.OpenAsync(connection, "SELECT id, embedding, geometry, name FROM places");
        var tool = new KMeansClusteringTool(clusterCount: 60, batchSize: 1024);
        await tool.ExportToPostGisAsync(tool.RunAsync(rows), "clusters", connection);
        #endregion
    }

    public static void FromAFile()
    {
        WriteNpy("vectors.npy");

        #region FromAFile
        using VectorSource vectors = VectorFile.Open("vectors.npy");
        var options = new KMeansOptions { ClusterCount = 100, BatchSize = 4096, Metric = Metric.Cosine };
        MiniBatchKMeans kmeans = new MiniBatchKMeans(options).Fit(vectors);
        float[,] centers = kmeans.ClusterCenters;
        #endregion

        Assert.Equal(100, centers.GetLength(0));
    }

    public static async Task InBatches()
    {
        (_, float[,] embeddings, _) = Rows();
        float[][,] batches = [embeddings, embeddings];

        #region InBatches
        using var kmeans = new MiniBatchKMeans(new KMeansOptions { ClusterCount = 20, CheckpointPath = "fit.checkpoint" });
        VectorStream stream = VectorStream.FromBatches(batches, dimension: 16, canRepeat: true);
        await kmeans.FitAsync(stream, new StreamOptions { MemoryLimit = 512 << 20 });
        await foreach (int[] labels in kmeans.Model.PredictAsync(stream))
        {
            Console.WriteLine($"{labels.Length} more rows are labelled");
        }
        #endregion

        Assert.Equal(2 * embeddings.GetLength(0), kmeans.ClusterCounts.Sum());
        Assert.False(File.Exists("fit.checkpoint"));
    }

    public static void InParts()
    {
        (_, float[,] embeddings, _) = Rows();
        float[][,] parts = [embeddings, embeddings];

        #region InParts
        using var kmeans = new MiniBatchKMeans(clusterCount: 20);
        foreach (float[,] part in parts)
        {
            kmeans.PartialFit(part);
        }
        #endregion

        Assert.Equal(20, kmeans.ClusterCenters.GetLength(0));
    }

    public static void Keep()
    {
        (_, float[,] embeddings, _) = Rows();

        #region Keep
        var kmeans = new KMeans(new KMeansOptions { ClusterCount = 20, Seed = 7 }).Fit(embeddings);
        kmeans.Model.Save("clusters.kmeans");

        KMeansModel model = KMeansModel.Load("clusters.kmeans");
        int[] labels = model.Predict(embeddings);
        float[,] distances = model.Transform(embeddings);
        #endregion

        Assert.Equal(kmeans.Labels, labels);
        Assert.Equal(20, distances.GetLength(1));
    }

    private static (int[] Ids, float[,] Embeddings, Point[] Points) Rows()
    {
        var random = new Random(1);
        int[] ids = [.. Enumerable.Range(0, 2000)];
        var embeddings = new float[ids.Length, 16];
        foreach (ref float value in System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref embeddings[0, 0], embeddings.Length))
        {
            value = random.NextSingle();
        }

        return (ids, embeddings, [.. ids.Select(id => new Point(id * 0.05, id * 0.01))]);
    }

    private static void WriteNpy(string path)
    {
        const string Shape = "{'descr': '<f4', 'fortran_order': False, 'shape': (2000, 16), }";
        using var file = new BinaryWriter(File.Create(path));
        file.Write([0x93, .. "NUMPY"u8, 1, 0, 118, 0]);
        file.Write(System.Text.Encoding.ASCII.GetBytes(Shape.PadRight(117) + "\n"));
        foreach (float value in Rows().Embeddings)
        {
            file.Write(value);
        }
    }
}
