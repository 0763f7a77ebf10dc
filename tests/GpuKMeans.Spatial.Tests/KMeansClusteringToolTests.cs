using NetTopologySuite.Geometries;

namespace GpuKMeans.Spatial.Tests;

public sealed class KMeansClusteringToolTests
{
    private static readonly float[,] TwoHeaps = { { 0, 0 }, { 10, 10 }, { 0, 1 }, { 10, 11 } };

    private static readonly string[] Ids = ["a", "b", "c", "d"];

    private static readonly Geometry?[] Points = [new Point(1, 2), null, new Point(3, 4), new Point(5, 6)];

    [Fact]
    public void Rows_come_out_in_order_with_their_clusters()
    {
        ClusteredFeatures features = new KMeansClusteringTool(clusterCount: 2).Run(Ids, TwoHeaps, Points, "EPSG:31983");

        Assert.Equal(Ids, Enumerable.Range(0, 4).Select(i => (string)features.Ids[i]!));
        IReadOnlyList<int> clusters = features.ClusterIds.Values;
        Assert.Equal(clusters[0], clusters[2]);
        Assert.Equal(clusters[1], clusters[3]);
        Assert.NotEqual(clusters[0], clusters[1]);
        Assert.Same(Points, features.Geometries);
        Assert.Equal(31983, features.Crs!.Srid);
    }

    [Fact]
    public void The_default_system_is_wgs_84() =>
        Assert.Equal(4326, new KMeansClusteringTool(2).Run(Ids, TwoHeaps, Points).Crs!.Srid);

    [Fact]
    public void An_unknown_system_can_be_null() =>
        Assert.Null(new KMeansClusteringTool(2).Run(Ids, TwoHeaps, Points, crs: null).Crs);

    [Fact]
    public void A_system_of_ones_own_is_given_as_projjson()
    {
        const string Json = """ {"type": "GeographicCRS", "name": "Mars 2015", "id": {"authority": "IAU", "code": 49900}}""";
        Assert.Equal("Mars 2015", new KMeansClusteringTool(2).Run(Ids, TwoHeaps, Points, Json).Crs!.Name);
    }

    [Fact]
    public void Weights_count()
    {
        var tool = new KMeansClusteringTool(1);
        tool.Run(Ids, TwoHeaps, weights: new float[] { 1, 0, 1, 0 });
        Assert.Equal([0, 0.5f], tool.Estimator.ClusterCenters.Cast<float>());
    }

    [Fact]
    public void Geometries_and_columns_are_optional()
    {
        FeatureColumn population = FeatureColumn.Create("population", new long[] { 1, 2, 3, 4 });

        ClusteredFeatures features = new KMeansClusteringTool(2).Run([1L, 2L, 3L, 4L], TwoHeaps, columns: [population]);

        Assert.Null(features.Geometries);
        Assert.Same(population, Assert.Single(features.Columns));
        Assert.Equal(typeof(long), features.Ids.ElementType);
    }

    [Fact]
    public void Lengths_that_differ_are_refused_with_both_numbers()
    {
        var tool = new KMeansClusteringTool(2);

        string embeddings = Assert.Throws<ArgumentException>(() => tool.Run(Ids[..3], TwoHeaps)).Message;
        string geometries = Assert.Throws<ArgumentException>(() => tool.Run(Ids, TwoHeaps, Points[..2])).Message;

        Assert.Contains("4", embeddings, StringComparison.Ordinal);
        Assert.Contains("3", embeddings, StringComparison.Ordinal);
        Assert.Contains("2", geometries, StringComparison.Ordinal);
        Assert.Contains("4", geometries, StringComparison.Ordinal);
        Assert.False(tool.Estimator.IsFitted);
    }

    [Fact]
    public void What_does_not_fit_is_refused_before_the_work()
    {
        var tool = new KMeansClusteringTool(2);
        FeatureColumn clash = FeatureColumn.Create("Cluster_ID", new int[4]);

        Assert.Throws<ArgumentException>(() => tool.Run(Ids, TwoHeaps, Points, "EPSG:999999"));
        Assert.Throws<ArgumentException>(() => tool.Run(Ids, TwoHeaps, columns: [clash]));
        Assert.Throws<ArgumentException>(() => tool.Run([1.5, 2.5, 3.5, 4.5], TwoHeaps));
        Assert.Throws<ArgumentException>(() => tool.Run(["a", null, "c", "d"], TwoHeaps));
        Assert.False(tool.Estimator.IsFitted);
    }

    [Fact]
    public void An_ids_column_of_another_name_is_refused() => Assert.Throws<ArgumentException>(
        () => new ClusteredFeatures(FeatureColumn.Create("key", Ids), new int[4]));

    [Fact]
    public async Task Features_can_be_written_to_a_file()
    {
        var tool = new KMeansClusteringTool(2);
        ClusteredFeatures features = tool.Run(Ids, TwoHeaps, Points);
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string path = Path.Combine(folder, "a.parquet"), again = Path.Combine(folder, "b.parquet");
            tool.ExportToParquet(features, path);
            await tool.ExportToParquetAsync(features, again, cancellationToken: TestContext.Current.CancellationToken);

            Assert.Equal(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(again, TestContext.Current.CancellationToken));
            Assert.Equal("PAR1"u8.ToArray(), (await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken))[..4]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
