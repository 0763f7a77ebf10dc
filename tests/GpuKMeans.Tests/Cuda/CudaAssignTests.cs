using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;
using GpuKMeans.Engines.Cuda;

namespace GpuKMeans.Tests.Cuda;

public class CudaAssignTests
{
    public static TheoryData<int, int, int> Shapes()
    {
        var shapes = new TheoryData<int, int, int>();
        foreach (int dimension in new[] { 1, 2, 3, 15, 16, 17, 33, 64, 65, 100, 128, 300, 768, 1000 })
        {
            foreach (int clusters in new[] { 1, 2, 3, 7, 8, 100, 1000 })
            {
                shapes.Add(clusters < 100 ? 1000 : 3001, dimension, clusters);
            }
        }

        // Long rows come 64 columns at a time, 128 rows a block and two blocks together, and meet 256 centres at a time.
        foreach (int dimension in new[] { 129, 192, 193, 385, 769, 1023 })
        {
            foreach (int clusters in new[] { 1, 128, 129, 255, 256, 257, 600 })
            {
                shapes.Add(700, dimension, clusters);
            }
        }

        shapes.Add(40_000, 200, 1700);
        foreach (int rows in new[] { 1, 31, 33, 128, 129, 257 })
        {
            shapes.Add(rows, 2, 5);
            shapes.Add(rows, 20, 130);
            shapes.Add(rows, 400, 3);
            shapes.Add(rows, 131, 300);
        }

        // One centre more than a kernel takes at once, and more than keys can name without a count of rounds.
        foreach (int dimension in new[] { 16, 30, 50, 128 })
        {
            shapes.Add(1000, dimension, 257);
            shapes.Add(1000, dimension, 9001);
        }

        // As many centres as one kernel takes, and one more; rows of one chunk of columns, of several, and of more than stay.
        foreach (int dimension in new[] { 33, 64, 101, 900, 1800 })
        {
            foreach (int clusters in new[] { 15, 16, 17, 64, 65, 128, 129, 256 })
            {
                shapes.Add(2111, dimension, clusters);
            }
        }

        // Rows that pass through shared memory: sent for whole or in part, or read; centres that all stay there, and more.
        foreach (int dimension in new[] { 34, 36, 63, 64 })
        {
            foreach (int clusters in new[] { 128, 129, 200, 256, 257, 385, 1024, 1025, 1700 })
            {
                shapes.Add(1111, dimension, clusters);
            }
        }

        shapes.Add(60_000, 64, 700);
        shapes.Add(60_000, 40, 1300);
        shapes.Add(60_000, 41, 300);
        shapes.Add(63, 60, 300);
        shapes.Add(100_003, 32, 64);
        shapes.Add(100_003, 68, 30);
        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Labels_are_those_of_float64_at_any_shape(int count, int dimension, int clusters)
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Blobs(count, dimension, 20, seed: count + dimension), centers = Gpu.Normal(clusters, dimension, seed: clusters);
        int[] expected = Gpu.Oracle(rows, centers, dimension);
        using var cpu = new CpuEngine();
        (_, float[] cpuDistances, double cpuInertia) = Gpu.Assign(cpu, rows, centers, dimension);
        foreach (string way in Gpu.Ways(engine))
        {
            (int[] labels, float[] distances, double inertia) = Gpu.Assign(engine, rows, centers, dimension);
            Gpu.Same(expected, labels, way);
            Gpu.Same(cpuDistances, distances, way);
            Assert.Equal(cpuInertia, inertia, cpuInertia * 1e-12);
        }
    }

    [Theory]
    [InlineData(2, 40)]
    [InlineData(30, 300)]
    [InlineData(60, 500)]
    [InlineData(100, 50)]
    [InlineData(100, 700)]
    public void Labels_without_distances_are_the_same(int dimension, int clusters)
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Normal(20_000, dimension, 40), centers = Gpu.Normal(clusters, dimension, 41);
        RowFrame frame = Gpu.Frame(rows, dimension);
        int[] expected = Gpu.Oracle(rows, centers, dimension), labels = new int[20_000];
        foreach (string way in Gpu.Ways(engine))
        {
            using EngineData data = engine.Load(VectorSource.FromMemory(rows, dimension), default, frame);
            engine.SetCenters(centers, new double[clusters], frame);
            engine.Label(data);
            engine.GetLabels(data, 0, labels);
            Gpu.Same(expected, labels, way);
        }
    }

    [Theory]
    [InlineData(1, 9)]
    [InlineData(3, 300)]
    [InlineData(20, 64)]
    [InlineData(128, 1200)]
    [InlineData(200, 40)]
    [InlineData(300, 500)]
    public void Of_equal_centers_the_first_counts(int dimension, int clusters)
    {
        // A third are equal to one before; where one is found, another may differ in its last value alone, and zeros have two signs.
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Normal(5000, dimension, 50), centers = Gpu.Normal(clusters, dimension, 51);
        var random = new Random(52);
        for (int k = 1; k < clusters; k++)
        {
            Span<float> center = centers.AsSpan(k * dimension, dimension);
            if (k % 3 != 0)
            {
                centers.AsSpan(random.Next(k) * dimension, dimension).CopyTo(center);
                center[^1] += k % 3 == 1 ? 0 : 1e-3f;
            }

            center[0] = k % 5 == 0 ? 0f : k % 5 == 1 ? -0f : center[0];
        }

        int[] expected = Gpu.Oracle(rows, centers, dimension);
        RowFrame frame = Gpu.Frame(rows, dimension);
        using VectorSource source = VectorSource.FromMemory(rows, dimension);
        foreach (string way in Gpu.Ways(engine))
        {
            Gpu.Same(expected, Gpu.Assign(engine, rows, centers, dimension).Labels, way);

            // Once they have moved, none counts for another.
            using EngineData data = engine.Load(source, default, frame);
            engine.SetCenters(centers, new double[clusters], frame);
            engine.RunSteps(data, RowOrder.Shuffled(rows.Length / dimension, 53), 0, 700, new StepStatistics[2]);
            float[] moved = new float[centers.Length];
            engine.GetCenters(moved);
            int[] labels = new int[expected.Length];
            engine.Assign(data, 0, labels, []);
            Gpu.Same(Gpu.Oracle(rows, moved, dimension), labels, way + ", moved by steps");
            engine.Accumulate(data, TestContext.Current.CancellationToken);
            engine.MoveCenters(data, out _);
            engine.GetCenters(moved);
            engine.Assign(data, 0, labels, []);
            Gpu.Same(Gpu.Oracle(rows, moved, dimension), labels, way + ", moved to means");
        }
    }

    [Theory]
    [InlineData(16, 100, 1e6)]
    [InlineData(128, 1000, 1e6)]
    [InlineData(3, 50, 1e7)]
    [InlineData(300, 50, 1e7)]
    public void Data_far_from_zero_keep_their_labels(int dimension, int clusters, double offset)
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Normal(20_000, dimension, 1, 10, offset), centers = Gpu.Normal(clusters, dimension, 2, 10, offset);
        int[] expected = Gpu.Oracle(rows, centers, dimension);
        foreach (string way in Gpu.Ways(engine))
        {
            Gpu.Same(expected, Gpu.Assign(engine, rows, centers, dimension).Labels, way);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(32)]
    [InlineData(128)]
    [InlineData(400)]
    public void Rows_placed_between_two_centers_are_labelled_as_float64_would(int dimension)
    {
        using CudaEngine engine = Gpu.Engine();
        const int Clusters = 64, Count = 50_000;
        float[] centers = Gpu.Normal(Clusters, dimension, 3), rows = new float[Count * dimension];
        var random = new Random(4);
        for (int i = 0; i < Count; i++)
        {
            // From one half of the way to off it by 2^-1 … 2^-26 of the distance.
            (int a, int b) = (random.Next(Clusters), random.Next(Clusters));
            double at = 0.5 + (Math.ScaleB(random.NextDouble() - 0.5, -(i % 26)));
            for (int d = 0; d < dimension; d++)
            {
                rows[(i * dimension) + d] = (float)((centers[(a * dimension) + d] * at) + (centers[(b * dimension) + d] * (1 - at)));
            }
        }

        int[] expected = Gpu.Oracle(rows, centers, dimension);
        foreach (string way in Gpu.Ways(engine))
        {
            Gpu.Same(expected, Gpu.Assign(engine, rows, centers, dimension).Labels, way);
        }
    }

    [Theory]
    [InlineData(20, 200)]
    [InlineData(96, 40)]
    public void Ten_million_random_rows_are_labelled_as_the_cpu_labels_them(int dimension, int clusters)
    {
        using CudaEngine engine = Gpu.Engine();
        using var cpu = new CpuEngine();
        float[] centers = Gpu.Normal(clusters, dimension, 20), rows = new float[1_000_000 * dimension];
        for (int seed = 0; seed < 5; seed++)
        {
            // Ten million between the two shapes. Sums of two uniform values, which are quickly made.
            var random = new Random(30 + seed);
            for (int i = 0; i < rows.Length; i++)
            {
                rows[i] = random.NextSingle() - random.NextSingle();
            }

            int[] expected = Gpu.Assign(cpu, rows, centers, dimension).Labels;
            foreach (string way in Gpu.Ways(engine))
            {
                Gpu.Same(expected, Gpu.Assign(engine, rows, centers, dimension).Labels, way);
            }
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(16)]
    [InlineData(100)]
    [InlineData(300)]
    public void Equal_centers_go_by_the_lowest_number(int dimension)
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Normal(5000, dimension, 5), few = Gpu.Normal(10, dimension, 6);
        float[] centers = [.. Enumerable.Range(0, 40).SelectMany(_ => few)];
        int[] expected = Gpu.Oracle(rows, centers, dimension);
        Assert.All(expected, label => Assert.InRange(label, 0, 9));
        foreach (string way in Gpu.Ways(engine))
        {
            Gpu.Same(expected, Gpu.Assign(engine, rows, centers, dimension).Labels, way);
        }
    }

    [Theory]
    [InlineData(16, 1e4)]
    [InlineData(130, 1e4)]
    [InlineData(130, 1e6)]      // beyond half precision at the scale of the centres
    public void Values_of_any_size_keep_their_labels(int dimension, double beyond)
    {
        using CudaEngine engine = Gpu.Engine();
        foreach (double scale in new[] { 1e-30, 1e-12, 1.0, 1e9, 1e12 }.Where(s => s * beyond < 1e17))
        {
            float[] rows = Gpu.Normal(2000, dimension, 8, scale), centers = Gpu.Normal(50, dimension, 9, scale);

            // Some rows lie far beyond, some columns hold next to nothing.
            for (int i = 0; i < rows.Length; i++)
            {
                rows[i] *= i / dimension % 10 == 0 ? (float)beyond : 1;
                rows[i] *= i % dimension % 3 == 0 ? 1e-6f : 1;
            }

            int[] expected = Gpu.Oracle(rows, centers, dimension);
            foreach (string way in Gpu.Ways(engine))
            {
                Gpu.Same(expected, Gpu.Assign(engine, rows, centers, dimension).Labels, $"{way}, at {scale}");
            }
        }
    }

    // Centres that are far longer than most are left out of the fast pass: what may be nearest to them is not.
    [Theory]
    [InlineData(16, 100)]
    [InlineData(64, 300)]
    [InlineData(100, 20)]
    [InlineData(128, 1024)]
    [InlineData(300, 7)]
    [InlineData(400, 600)]
    [InlineData(1100, 100)]
    public void Centers_far_out_have_the_rows_that_are_theirs(int dimension, int clusters)
    {
        using CudaEngine engine = Gpu.Engine();
        var random = new Random(dimension);
        foreach (float farther in new[] { 20, 50, 1e3f, 1e7f })
        {
            float[] rows = Gpu.Normal(3000, dimension, 52), centers = Gpu.Normal(clusters, dimension, 53);
            for (int far = 0; far < Math.Max(1, clusters / 20); far++)
            {
                int k = random.Next(clusters);
                for (int d = 0; d < dimension; d++)
                {
                    centers[(k * dimension) + d] *= farther;
                }

                // Rows there, and on the way there from another centre: about half, where either may be the nearest.
                for (int i = 0; i < 40; i++)
                {
                    int row = random.Next(3000), other = random.Next(clusters);
                    double at = i < 10 ? 1 : 0.5 + ((random.NextDouble() - 0.5) * Math.Pow(10, -i / 6));
                    for (int d = 0; d < dimension; d++)
                    {
                        rows[(row * dimension) + d] = (float)((at * centers[(k * dimension) + d]) + ((1 - at) * centers[(other * dimension) + d]));
                    }
                }
            }

            int[] expected = Gpu.Oracle(rows, centers, dimension);
            foreach (string way in Gpu.Ways(engine))
            {
                Gpu.Same(expected, Gpu.Assign(engine, rows, centers, dimension).Labels, $"{way}, {farther} times as far");
            }
        }
    }

    // Half way between the origin, where a centre is, and others, whose values are all of one magnitude: what rounding takes from each
    // adds up, so that bounds are met nearly to the full. Other centres lie far out, and do not count.
    [Theory]
    [InlineData(16, 20)]
    [InlineData(64, 300)]
    [InlineData(100, 20)]
    [InlineData(128, 500)]
    [InlineData(300, 30)]
    [InlineData(400, 600)]
    [InlineData(1100, 100)]
    public void Rows_whose_roundings_add_up_keep_their_labels(int dimension, int clusters)
    {
        using CudaEngine engine = Gpu.Engine();
        var random = new Random(dimension);
        foreach (double far in new[] { 2, 12, 100 })
        {
            float[] rows = new float[4000 * dimension], centers = Gpu.Normal(clusters, dimension, 54, far);
            centers.AsSpan(0, dimension).Clear();
            for (int pair = 0; pair < 16; pair++)
            {
                double length = 1 + random.NextDouble();
                Span<float> center = centers.AsSpan((pair + 1) * dimension, dimension);
                for (int d = 0; d < dimension; d++)
                {
                    center[d] = (float)(random.Next(2) == 0 ? length : -length);
                }

                for (int i = 0; i < 250; i++)
                {
                    double off = Math.Pow(2, -8 - (6 * random.NextDouble())) * (random.Next(2) == 0 ? 1 : -1);
                    for (int d = 0; d < dimension; d++)
                    {
                        rows[(((pair * 250) + i) * dimension) + d] = (float)(center[d] / 2 * (1 + off));
                    }
                }
            }

            int[] expected = Gpu.Oracle(rows, centers, dimension);
            var frame = new RowFrame(new float[dimension], false);
            foreach (string way in Gpu.Ways(engine))
            {
                Gpu.Same(expected, Gpu.Assign(engine, rows, centers, dimension, frame).Labels, $"{way}, others {far} times as far");
            }
        }
    }

    [Theory]
    [InlineData(1e-34)]
    [InlineData(1e-35)]
    [InlineData(1e-36)]
    public void Values_whose_scale_leaves_the_range_of_float32_keep_their_labels(double scale)
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Normal(2000, 200, 42, scale), centers = Gpu.Normal(50, 200, 43, scale);
        int[] expected = Gpu.Oracle(rows, centers, 200);
        foreach (string way in Gpu.Ways(engine))
        {
            Gpu.Same(expected, Gpu.Assign(engine, rows, centers, 200).Labels, way);
        }
    }

    [Fact]
    public void Unit_rows_are_labelled_as_the_cpu_labels_them()
    {
        using CudaEngine engine = Gpu.Engine();
        using var cpu = new CpuEngine();
        float[] rows = Gpu.Normal(20_000, 96, 10, 3), centers = Gpu.Pick(rows, 96, 200, 11);
        RowFrame frame = Gpu.Frame(rows, 96, normalize: true);
        var expected = Gpu.Assign(cpu, rows, centers, 96, frame);
        foreach (long limit in new[] { long.MaxValue, 0 })
        {
            engine.ResidentLimit = limit;
            var actual = Gpu.Assign(engine, rows, centers, 96, frame);
            Gpu.Same(expected.Labels, actual.Labels, "labels");
            Gpu.Same(expected.Distances, actual.Distances, "distances");
        }
    }

    [Fact]
    public void Streamed_rows_give_the_bits_of_resident_ones()
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Blobs(150_000, 300, 50, 12), centers = Gpu.Pick(rows, 300, 100, 13);
        float[] weights = [.. Enumerable.Range(0, 150_000).Select(i => (i % 5) / 2f)];
        var resident = Gpu.Assign(engine, rows, centers, 300, weights: weights);
        engine.ResidentLimit = 0;
        var streamed = Gpu.Assign(engine, rows, centers, 300, weights: weights);
        Gpu.Same(resident.Labels, streamed.Labels, "labels");
        Gpu.Same(resident.Distances, streamed.Distances, "distances");
        Assert.Equal(resident.Inertia, streamed.Inertia);
    }

    [Fact]
    public void Part_of_the_rows_can_be_assigned()
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Normal(10_000, 20, 14), centers = Gpu.Normal(30, 20, 15);
        RowFrame frame = Gpu.Frame(rows, 20);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, 20), default, frame);
        engine.SetCenters(centers, new double[30], frame);
        int[] labels = new int[777];
        engine.Assign(data, 5000, labels, []);
        Gpu.Same(Gpu.Oracle(rows, centers, 20)[5000..5777], labels, "labels");
    }

    [Theory]
    [InlineData(2, 7)]
    [InlineData(100, 130)]
    public void Distances_to_all_centers_are_those_of_the_cpu(int dimension, int clusters)
    {
        using CudaEngine engine = Gpu.Engine();
        using var cpu = new CpuEngine();
        float[] rows = Gpu.Normal(1001, dimension, 16), centers = Gpu.Normal(clusters, dimension, 17);
        float[] All(KMeansEngine by)
        {
            RowFrame frame = Gpu.Frame(rows, dimension);
            using EngineData data = by.Load(VectorSource.FromMemory(rows, dimension), default, frame);
            by.SetCenters(centers, new double[clusters], frame);
            float[] distances = new float[1000 * clusters];
            by.Distances(data, 1, distances);
            return distances;
        }

        Gpu.Same(All(cpu), All(engine), "distances");
    }

    [Fact]
    public void Distances_to_more_centers_than_a_grid_is_wide()
    {
        using CudaEngine engine = Gpu.Engine();
        const int Clusters = (64 * 65_535) + 100;
        float[] rows = [0.5f, -2], centers = [.. Enumerable.Range(0, Clusters).Select(k => k * 0.25f)];
        var frame = new RowFrame(new float[1], false);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, 1), default, frame);
        engine.SetCenters(centers, new double[Clusters], frame);
        float[] distances = new float[2 * Clusters];
        engine.Distances(data, 0, distances);
        Gpu.Same([.. rows.SelectMany(x => centers.Select(c => (x - c) * (x - c)))], distances, "distances");
    }

    [Theory]
    [InlineData(2, 20, float.NaN)]
    [InlineData(64, 20, float.NaN)]
    [InlineData(64, 20, float.PositiveInfinity)]
    [InlineData(64, 300, float.NaN)]
    [InlineData(35, 300, float.PositiveInfinity)]
    [InlineData(400, 20, 1e30f)]
    public void A_row_that_cannot_be_placed_is_named(int dimension, int clusters, float value)
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Normal(3000, dimension, 18), centers = Gpu.Normal(clusters, dimension, 19);
        rows[(1234 * dimension) + 1] = value;
        var frame = new RowFrame(new float[dimension], false);
        ArgumentException error = Assert.Throws<ArgumentException>(() => Gpu.Assign(engine, rows, centers, dimension, frame));
        Assert.Contains("1234", error.Message, StringComparison.Ordinal);
        rows[(1234 * dimension) + 1] = 0;
        Gpu.Assign(engine, rows, centers, dimension, frame);
    }
}
