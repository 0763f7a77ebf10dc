using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;
using GpuKMeans.Engines.Cuda;

namespace GpuKMeans.Tests.Cuda;

public class CudaTrainingTests
{
    [Theory]
    [InlineData(2, 5, 100, false, false)]
    [InlineData(16, 64, 1000, false, true)]
    [InlineData(100, 37, 999, true, false)]
    [InlineData(130, 1500, 4096, true, true)]
    [InlineData(400, 3, 333, false, true)]
    [InlineData(20, 1, 16_384, false, false)]
    [InlineData(20, 60, 20_000, false, true)]
    [InlineData(8, 1100, 20_000, true, true)]
    [InlineData(128, 1024, 8192, false, false)]
    [InlineData(100, 700, 8192, false, true)]
    [InlineData(66, 130, 300, true, false)]
    [InlineData(128, 4200, 2000, false, false)]
    [InlineData(300, 40, 500, false, false)]
    public void Steps_move_centers_as_the_cpu_moves_them(int dimension, int clusters, int batch, bool normalize, bool weighted)
    {
        using CudaEngine engine = Gpu.Engine();
        using var cpu = new CpuEngine();
        int count = Math.Max(10_000, batch * 3);
        float[] rows = Gpu.Blobs(count, dimension, 30, 1);
        float[] weights = weighted ? [.. Enumerable.Range(0, count).Select(i => (i % 4) / 3f)] : [];
        var expected = Steps(cpu, rows, dimension, clusters, batch, weights, normalize);
        var actual = Steps(engine, rows, dimension, clusters, batch, weights, normalize);
        for (int i = 0; i < expected.Steps.Length; i++)
        {
            Assert.Equal(expected.Steps[i].Inertia, actual.Steps[i].Inertia, expected.Steps[i].Inertia * 1e-6);
            Assert.Equal(expected.Steps[i].Weight, actual.Steps[i].Weight, 1e-9 * expected.Steps[i].Weight);
            Assert.Equal(expected.Steps[i].CenterShift, actual.Steps[i].CenterShift, expected.Steps[i].CenterShift * 1e-4);
        }

        for (int i = 0; i < expected.Centers.Length; i++)
        {
            Assert.Equal(expected.Centers[i], actual.Centers[i], 1e-5);
        }

        for (int k = 0; k < clusters; k++)
        {
            Assert.Equal(expected.Counts[k], actual.Counts[k], 1e-9 * expected.Counts[k]);
        }
    }

    [Fact]
    public void The_same_steps_give_the_same_bits_twice_and_streamed()
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Blobs(50_000, 48, 100, 2);
        var first = Steps(engine, rows, 48, 300, 2048, [], false);
        var second = Steps(engine, rows, 48, 300, 2048, [], false);
        engine.ResidentLimit = 0;
        var streamed = Steps(engine, rows, 48, 300, 2048, [], false);
        Gpu.Same(first.Centers, second.Centers, "centres");
        Gpu.Same(first.Steps, second.Steps, "statistics");
        Gpu.Same(first.Centers, streamed.Centers, "centres when streamed");
        Gpu.Same(first.Steps, streamed.Steps, "statistics when streamed");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(40)]
    [InlineData(128)]
    [InlineData(200)]
    public void Centers_may_leap_far_beyond_the_scale_they_had(int dimension)
    {
        // Centres are rounded as soon as they have moved, by a scale from before: it does not fit these for a step or two.
        using CudaEngine engine = Gpu.Engine();
        using var cpu = new CpuEngine();
        foreach ((double scale, double before) in new[] { (30, 1), (30, 0.3), (30, 0.03), (30, 1e-3), (1e9, 1e5), (1e-3, 1e3) })
        {
            float[] rows = Gpu.Blobs(6000, dimension, 200, 21), start = Gpu.Normal(200, dimension, 22, before);
            for (int i = 0; i < rows.Length; i++)
            {
                rows[i] *= (float)scale;
            }

            var results = new List<(StepStatistics[] Steps, float[] Centers)>();
            foreach (KMeansEngine each in new KMeansEngine[] { cpu, engine })
            {
                var frame = new RowFrame(new float[dimension], false);
                using EngineData data = each.Load(VectorSource.FromMemory(rows, dimension), default, frame);
                each.SetCenters(start, new double[200], frame);
                var steps = new StepStatistics[6];
                each.RunSteps(data, RowOrder.Shuffled(data.Count, 23), 0, 1000, steps);
                float[] centers = new float[start.Length];
                each.GetCenters(centers);
                results.Add((steps, centers));
            }

            for (int i = 0; i < start.Length; i++)
            {
                Assert.Equal(results[0].Centers[i], results[1].Centers[i], Math.Max(scale, before) * 1e-5);
            }

            for (int i = 0; i < 6; i++)
            {
                Assert.Equal(results[0].Steps[i].Inertia, results[1].Steps[i].Inertia, results[0].Steps[i].Inertia * 1e-6);
            }
        }
    }

    [Theory]
    [InlineData(64, 3)]
    [InlineData(128, 200)]
    public void A_center_that_leaps_alone_neither_takes_all_rows_nor_loses_its_own(int dimension, int clusters)
    {
        using CudaEngine engine = Gpu.Engine();

        // Rows of three kinds; the centre of the first kind is near the origin when steps begin, others nowhere near any row.
        float[] kinds = [.. new[] { 100f, -0.5f, 0.5f }.SelectMany((value, kind) =>
            Enumerable.Range(0, dimension).Select(d => kind == 2 && d % 2 == 1 ? -value : value))];
        float[] rows = [.. Enumerable.Range(0, 9000).SelectMany(i => kinds.Skip(i % 3 * dimension).Take(dimension))];
        float[] centers = Gpu.Normal(clusters, dimension, 24);
        for (int i = 3 * dimension; i < centers.Length; i++)
        {
            centers[i] = 0.9f + (i % dimension * -0.02f);
        }

        kinds.CopyTo(centers, 0);
        centers.AsSpan(0, dimension).Fill(0.5f);
        var frame = new RowFrame(new float[dimension], false);
        int[] expected = [.. Enumerable.Range(0, 9000).Select(i => i % 3)];
        foreach (string way in Gpu.Ways(engine))
        {
            using EngineData data = engine.Load(VectorSource.FromMemory(rows, dimension), default, frame);
            engine.SetCenters(centers, new double[clusters], frame);
            var steps = new StepStatistics[3];
            engine.RunSteps(data, RowOrder.Sequential(9000), 0, 3000, steps);
            int[] labels = new int[9000];
            engine.Assign(data, 0, labels, new float[9000]);
            Gpu.Same(expected, labels, way);
            Assert.Equal(0, steps[2].Inertia, 1e-3);
        }
    }

    [Fact]
    public void A_batch_larger_than_a_part_is_one_step()
    {
        using CudaEngine engine = Gpu.Engine();
        using var cpu = new CpuEngine();
        const int Dimension = 2000;
        float[] rows = Gpu.Normal(40_000, Dimension, 3);    // a part has 16,384 rows
        var expected = Steps(cpu, rows, Dimension, 4, 40_000, [], false, steps: 1);
        var actual = Steps(engine, rows, Dimension, 4, 40_000, [], false, steps: 1);
        Assert.Equal(expected.Steps[0].Inertia, actual.Steps[0].Inertia, expected.Steps[0].Inertia * 1e-9);
        Gpu.Same(expected.Counts, actual.Counts, "counts");
    }

    [Theory]
    [InlineData(2, 20, false)]
    [InlineData(64, 300, false)]
    [InlineData(64, 50, true)]
    public void Lloyd_iterations_are_those_of_the_cpu(int dimension, int clusters, bool normalize)
    {
        using CudaEngine engine = Gpu.Engine();
        using var cpu = new CpuEngine();
        float[] rows = Gpu.Blobs(20_000, dimension, 40, 4);
        var expected = Lloyd(cpu, rows, dimension, clusters, normalize);
        foreach (long limit in new[] { long.MaxValue, 0 })
        {
            engine.ResidentLimit = limit;
            var actual = Lloyd(engine, rows, dimension, clusters, normalize);
            for (int i = 0; i < expected.Passes.Count; i++)
            {
                Assert.Equal(expected.Passes[i].Inertia, actual.Passes[i].Inertia, expected.Passes[i].Inertia * 1e-6);
                Assert.Equal(expected.Passes[i].Changed, actual.Passes[i].Changed);
            }

            Assert.Equal(expected.Relocated, actual.Relocated);
            Gpu.Same(expected.Labels, actual.Labels, "labels");
        }
    }

    [Fact]
    public void Sums_over_several_parts_are_the_same_bits_when_streamed()
    {
        using CudaEngine engine = Gpu.Engine();
        const int Dimension = 2000;
        float[] rows = Gpu.Normal(40_000, Dimension, 15), centers = Gpu.Pick(rows, Dimension, 5, 16);   // a part has 16,384 rows
        var results = new List<(LloydStatistics Pass, float[] Centers)>();
        foreach (long limit in new[] { long.MaxValue, 0 })
        {
            engine.ResidentLimit = limit;
            RowFrame frame = Gpu.Frame(rows, Dimension);
            using EngineData data = engine.Load(VectorSource.FromMemory(rows, Dimension), default, frame);
            engine.SetCenters(centers, new double[5], frame);
            LloydStatistics pass = engine.Accumulate(data, CancellationToken.None);
            engine.MoveCenters(data, out _);
            float[] after = new float[centers.Length];
            engine.GetCenters(after);
            results.Add((pass, after));
        }

        Assert.Equal(results[0].Pass, results[1].Pass);
        Gpu.Same(results[0].Centers, results[1].Centers, "centres");
    }

    [Fact]
    public void Empty_clusters_take_the_farthest_rows_as_on_the_cpu()
    {
        using CudaEngine engine = Gpu.Engine();
        using var cpu = new CpuEngine();
        float[] rows = Gpu.Blobs(5000, 24, 10, 5), centers = Gpu.Pick(rows, 24, 12, 6);
        centers.AsSpan(24 * 8).Fill(1000);      // four that nothing is near
        var results = new List<(int Relocated, float[] Centers)>();
        foreach (KMeansEngine by in new KMeansEngine[] { cpu, engine })
        {
            RowFrame frame = Gpu.Frame(rows, 24);
            using EngineData data = by.Load(VectorSource.FromMemory(rows, 24), default, frame);
            by.SetCenters(centers, new double[12], frame);
            by.Accumulate(data, CancellationToken.None);
            by.MoveCenters(data, out int relocated);
            float[] after = new float[centers.Length];
            by.GetCenters(after);
            results.Add((relocated, after));
        }

        Assert.Equal(4, results[0].Relocated);
        Assert.Equal(4, results[1].Relocated);
        for (int i = 0; i < centers.Length; i++)
        {
            Assert.Equal(results[0].Centers[i], results[1].Centers[i], 1e-6);
        }
    }

    [Fact]
    public void A_cluster_that_stays_empty_keeps_its_center_and_counts_nothing()
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = [0, 0, 0, 0, 0, 0, 0, 0], centers = [0, 0, 5, 5];    // four equal rows: none is far from its centre
        RowFrame frame = Gpu.Frame(rows, 2);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, 2), default, frame);
        engine.SetCenters(centers, [3, 3], frame);
        engine.Accumulate(data, CancellationToken.None);
        Assert.Equal(0, engine.MoveCenters(data, out int relocated));
        Assert.Equal(0, relocated);
        double[] counts = new double[2];
        float[] after = new float[4];
        engine.GetCounts(counts);
        engine.GetCenters(after);
        Gpu.Same([4, 0], counts, "counts");
        Gpu.Same(centers, after, "centres");
    }

    [Fact]
    public void Training_goes_on_from_means_that_were_read()
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Blobs(4000, 20, 10, 14);
        RowFrame frame = Gpu.Frame(rows, 20);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, 20), default, frame);
        RowOrder order = RowOrder.Sequential(4000);
        engine.SetCenters(rows.AsSpan(0, 200), new double[10], frame);
        var steps = new StepStatistics[2];
        engine.RunSteps(data, order, 0, 1000, steps);
        float[] centers = new float[200], atOnce = new float[200], later = new float[200];
        double[] means = new double[200], counts = new double[10];
        engine.GetCenters(centers);
        engine.GetMeans(means);
        engine.GetCounts(counts);
        engine.RunSteps(data, order, 2000, 1000, steps);
        engine.GetCenters(atOnce);
        engine.SetCenters(centers, counts, frame);
        engine.SetMeans(means);
        engine.RunSteps(data, order, 2000, 1000, steps);
        engine.GetCenters(later);
        Gpu.Same(atOnce, later, "centres");
    }

    [Fact]
    public void Reseeded_centers_lie_on_their_rows()
    {
        using CudaEngine engine = Gpu.Engine();
        float[] rows = Gpu.Normal(1000, 40, 7), centers = Gpu.Normal(10, 40, 8);
        RowFrame frame = Gpu.Frame(rows, 40);
        foreach (long limit in new[] { long.MaxValue, 0 })
        {
            engine.ResidentLimit = limit;
            using EngineData data = engine.Load(VectorSource.FromMemory(rows, 40), default, frame);
            engine.SetCenters(centers, [.. Enumerable.Repeat(5.0, 10)], frame);
            engine.Reseed(data, [3, 7], [999L, 0L], 2.5);
            float[] after = new float[400];
            double[] counts = new double[10];
            engine.GetCenters(after);
            engine.GetCounts(counts);
            Gpu.Same(rows[^40..], after[120..160], "centre 3");
            Gpu.Same(rows[..40], after[280..320], "centre 7");
            Gpu.Same([5, 5, 5, 2.5, 5, 5, 5, 2.5, 5, 5], counts, "counts");
            int[] labels = new int[1];
            engine.Assign(data, 0, labels, []);
            Assert.Equal(7, labels[0]);
        }
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(100, false)]
    [InlineData(33, true)]
    public void Seeding_keeps_the_distances_of_the_cpu(int dimension, bool weighted)
    {
        using CudaEngine engine = Gpu.Engine();
        using var cpu = new CpuEngine();
        const int Count = 5000;
        float[] rows = Gpu.Blobs(Count, dimension, 10, 9);
        float[] weights = weighted ? [.. Enumerable.Range(0, Count).Select(i => (float)(i % 3))] : [];
        RowFrame frame = Gpu.Frame(rows, dimension);
        foreach (long limit in new[] { long.MaxValue, 0 })
        {
            engine.ResidentLimit = limit;
            using EngineData onCpu = cpu.Load(VectorSource.FromMemory(rows, dimension), weights, frame);
            using EngineData onGpu = engine.Load(VectorSource.FromMemory(rows, dimension), weights, frame);
            using Seeding expected = cpu.StartSeeding(onCpu), actual = engine.StartSeeding(onGpu);
            var random = new Random(10);
            double[] potentials = new double[11], others = new double[11];
            for (int step = 0; step < 8; step++)
            {
                int trials = step == 0 ? 1 : 3 + step;
                long[] candidates = [.. Enumerable.Range(0, trials).Select(_ => (long)random.Next(Count))];
                expected.Evaluate(candidates, potentials);
                actual.Evaluate(candidates, others);
                for (int i = 0; i < trials; i++)
                {
                    Assert.Equal(potentials[i], others[i], potentials[i] * 1e-6);
                }

                expected.Accept(trials - 1);
                actual.Accept(trials - 1);
                Assert.Equal(expected.Potential, actual.Potential, expected.Potential * 1e-6);
                foreach (double share in new[] { 0, 0.123, 0.5, 0.77, 1 - 1e-16 })
                {
                    // The sums differ in their last bits, so that a neighbour may be found.
                    Assert.InRange(actual.Find(share) - expected.Find(share), -3, 3);
                }
            }
        }
    }

    private static (StepStatistics[] Steps, float[] Centers, double[] Counts) Steps(
        KMeansEngine engine, float[] rows, int dimension, int clusters, int batch, float[] weights, bool normalize, int steps = 6)
    {
        RowFrame frame = Gpu.Frame(rows, dimension, normalize);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, dimension), weights, frame);
        engine.SetCenters(Gpu.Pick(rows, dimension, clusters, 11), new double[clusters], frame);
        var statistics = new StepStatistics[Math.Min(steps, ((rows.Length / dimension) + batch - 1) / batch)];
        engine.RunSteps(data, RowOrder.Shuffled(data.Count, 12), 0, batch, statistics);
        float[] centers = new float[clusters * dimension];
        double[] counts = new double[clusters];
        engine.GetCenters(centers);
        engine.GetCounts(counts);
        return (statistics, centers, counts);
    }

    private static (List<LloydStatistics> Passes, int Relocated, int[] Labels) Lloyd(
        KMeansEngine engine, float[] rows, int dimension, int clusters, bool normalize)
    {
        RowFrame frame = Gpu.Frame(rows, dimension, normalize);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, dimension), default, frame);
        engine.SetCenters(Gpu.Pick(rows, dimension, clusters, 13), new double[clusters], frame);
        var passes = new List<LloydStatistics>();
        int relocated = 0;
        for (int i = 0; i < 3; i++)
        {
            passes.Add(engine.Accumulate(data, CancellationToken.None));
            engine.MoveCenters(data, out int moved);
            relocated += moved;
        }

        int[] labels = new int[data.Count];
        engine.GetLabels(data, 0, labels);
        return (passes, relocated, labels);
    }
}
