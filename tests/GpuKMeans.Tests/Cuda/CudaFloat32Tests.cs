using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;
using GpuKMeans.Engines.Cuda;

namespace GpuKMeans.Tests.Cuda;

/// <summary>Plain float32 gives what the tensor cores and the CPU give. The shared suite runs on it too.</summary>
public class CudaFloat32Tests
{
    public static TheoryData<int, int, int> Shapes()
    {
        var shapes = new TheoryData<int, int, int>();
        foreach (int dimension in new[] { 1, 3, 16, 17, 64, 100, 128, 129, 768 })
        {
            foreach (int clusters in new[] { 1, 2, 7, 100, 130, 1025 })
            {
                shapes.Add(1000, dimension, clusters);
            }
        }

        // 128 rows a block and 64 centres at a time, columns 32 at a time.
        foreach (int rows in new[] { 1, 31, 127, 128, 129, 257 })
        {
            shapes.Add(rows, 20, 64);
            shapes.Add(rows, 31, 65);
            shapes.Add(rows, 400, 200);
        }

        // Few rows, whose centres are shared by many blocks, and many, where no block shares.
        shapes.Add(5, 40, 30_000);
        shapes.Add(20_000, 33, 500);
        shapes.Add(200_003, 32, 129);
        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Labels_and_distances_are_those_of_float64_the_cpu_and_the_tensor_cores(int count, int dimension, int clusters)
    {
        float[] rows = Gpu.Blobs(count, dimension, 20, seed: count + dimension), centers = Gpu.Normal(clusters, dimension, seed: clusters);
        using CudaEngine engine = Gpu.Engine(Precision.Float32), tensor = Gpu.Engine();
        using var cpu = new CpuEngine();
        var expected = Gpu.Assign(tensor, rows, centers, dimension);
        var first = Gpu.Assign(engine, rows, centers, dimension);
        Gpu.Same(Gpu.Oracle(rows, centers, dimension), first.Labels, "labels");
        Gpu.Same(Gpu.Assign(cpu, rows, centers, dimension).Distances, first.Distances, "distances");
        Gpu.Same(expected.Labels, first.Labels, "labels of the tensor cores");
        Gpu.Same(expected.Distances, first.Distances, "distances of the tensor cores");
        Assert.Equal(expected.Inertia, first.Inertia);
    }

    [Fact]
    public void The_option_reaches_the_engine()
    {
        Gpu.SkipWithoutOne();
        using VectorSource rows = VectorSource.FromMemory(new float[16], 16);
        foreach (Precision precision in new[] { Precision.Auto, Precision.Float32 })
        {
            using KMeansEngine engine = EngineFactory.Create(Device.Cuda(), -1, precision, rows);
            Assert.Equal(precision, Assert.IsType<CudaEngine>(engine).Precision);
        }
    }

    [Theory]
    [InlineData(16, 100, 1e6)]
    [InlineData(128, 1000, 1e6)]
    [InlineData(300, 50, 1e7)]
    public void Data_far_from_zero_keep_their_labels(int dimension, int clusters, double offset)
    {
        using CudaEngine engine = Gpu.Engine(Precision.Float32);
        float[] rows = Gpu.Normal(20_000, dimension, 1, 10, offset), centers = Gpu.Normal(clusters, dimension, 2, 10, offset);
        Gpu.Same(Gpu.Oracle(rows, centers, dimension), Gpu.Assign(engine, rows, centers, dimension).Labels, "labels");
    }

    [Theory]
    [InlineData(16)]
    [InlineData(100)]
    [InlineData(401)]
    public void Rows_placed_between_two_centers_are_labelled_as_float64_would(int dimension)
    {
        const int Clusters = 64, Count = 50_000;
        using CudaEngine engine = Gpu.Engine(Precision.Float32);
        float[] centers = Gpu.Normal(Clusters, dimension, 3), rows = new float[Count * dimension];
        var random = new Random(4);
        for (int i = 0; i < Count; i++)
        {
            // From one half of the way to off it by 2^-1 … 2^-26 of the distance.
            (int a, int b) = (random.Next(Clusters), random.Next(Clusters));
            double at = 0.5 + Math.ScaleB(random.NextDouble() - 0.5, -(i % 26));
            for (int d = 0; d < dimension; d++)
            {
                rows[(i * dimension) + d] = (float)((centers[(a * dimension) + d] * at) + (centers[(b * dimension) + d] * (1 - at)));
            }
        }

        Gpu.Same(Gpu.Oracle(rows, centers, dimension), Gpu.Assign(engine, rows, centers, dimension).Labels, "labels");
    }

    [Theory]
    [InlineData(16, 400)]
    [InlineData(100, 40)]
    public void Equal_centers_go_by_the_lowest_number(int dimension, int clusters)
    {
        using CudaEngine engine = Gpu.Engine(Precision.Float32);
        float[] rows = Gpu.Normal(5000, dimension, 5), few = Gpu.Normal(10, dimension, 6);
        float[] centers = [.. Enumerable.Range(0, clusters / 10).SelectMany(_ => few)];
        Gpu.Same(Gpu.Oracle(rows, centers, dimension), Gpu.Assign(engine, rows, centers, dimension).Labels, "labels");
    }

    [Theory]
    [InlineData(16)]
    [InlineData(130)]
    public void Values_of_any_size_keep_their_labels(int dimension)
    {
        using CudaEngine engine = Gpu.Engine(Precision.Float32);
        foreach (double scale in new[] { 1e-30, 1e-18, 1e-12, 1e9, 1e16 })
        {
            float[] rows = Gpu.Normal(2000, dimension, 8, scale), centers = Gpu.Normal(50, dimension, 9, scale);
            Gpu.Same(Gpu.Oracle(rows, centers, dimension), Gpu.Assign(engine, rows, centers, dimension).Labels, $"labels at {scale}");
        }
    }

    [Theory]
    [InlineData(64, 20, float.NaN)]
    [InlineData(64, 1, float.PositiveInfinity)]
    [InlineData(401, 20, 1e30f)]
    [InlineData(64, 1, 5e18f)]      // what float32 still holds, but no row may be
    public void A_row_that_cannot_be_placed_is_named(int dimension, int clusters, float value)
    {
        using CudaEngine engine = Gpu.Engine(Precision.Float32);
        float[] rows = Gpu.Normal(3000, dimension, 18), centers = Gpu.Normal(clusters, dimension, 19);
        rows[(1234 * dimension) + 1] = value;
        var frame = new RowFrame(new float[dimension], false);
        ArgumentException error = Assert.Throws<ArgumentException>(() => Gpu.Assign(engine, rows, centers, dimension, frame));
        Assert.Contains("1234", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_engine_may_change_its_precision_when_it_is_given_centers()
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Normal(3000, 70, 20), centers = Gpu.Normal(300, 70, 21);
        int[] expected = Gpu.Oracle(rows, centers, 70);
        foreach (Precision precision in new[] { Precision.Float32, Precision.Auto, Precision.Float32, Precision.Auto })
        {
            engine.Precision = precision;
            Gpu.Same(expected, Gpu.Assign(engine, rows, centers, 70).Labels, $"labels by {precision}");
        }
    }

    [Theory]
    [InlineData(nameof(KMeans), Metric.Euclidean)]
    [InlineData(nameof(MiniBatchKMeans), Metric.Euclidean)]
    [InlineData(nameof(MiniBatchKMeans), Metric.Cosine)]
    public void Fits_and_models_give_the_same_bits_in_either_precision(string name, Metric metric)
    {
        Gpu.SkipWithoutOne();
        VectorSource rows = VectorSource.FromMemory(Gpu.Blobs(20_000, 48, 60, 22), 48);
        KMeansEstimator Fit(Precision precision) => TestEstimators.Fit(
            name, new KMeansOptions { ClusterCount = 70, Device = Device.Cuda(), Metric = metric, Precision = precision }, rows);
        KMeansEstimator expected = Fit(Precision.Auto), actual = Fit(Precision.Float32);
        TestEstimators.SameFit(expected, actual);
        Assert.Equal(expected.Predict(rows), actual.Predict(rows));
        Assert.Equal(expected.Score(rows), actual.Score(rows));
    }
}
