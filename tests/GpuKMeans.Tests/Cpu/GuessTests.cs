using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;

namespace GpuKMeans.Tests.Cpu;

/// <summary>What the distances between centres say of a guess is never too much, and not too little.</summary>
public sealed unsafe class GuessTests
{
    private const int Guess = HeadChoice.Guess;

    // Where rows lie, and where distances are measured from: far from that, both are rounded once more.
    public static TheoryData<string, int, int, double, double> Cases => new(
        from kernel in CpuKernels.Available
        from shape in ((int Dimension, int Clusters)[])[(32, 12), (50, 60), (270, 33)]
        from place in ((double Rows, double Origin)[])[(0, 0), (1e4, 1e4), (1e7, 1e7), (0, 3e5)]
        where place.Origin == place.Rows || shape.Dimension == 32
        select (kernel.Name, shape.Dimension, shape.Clusters, place.Rows, place.Origin));

    public static TheoryData<string> Kernels => new(CpuKernels.Available.Select(kernel => kernel.Name));

    [Theory, MemberData(nameof(Cases))]
    public void Rows_half_way_between_centres_get_the_nearer(string kernel, int d, int k, double place, double origin)
    {
        double[] steps = [0, 1e-8, 3e-8, 1e-7, 3e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.45];
        TestSet set = Between(4800, d, k, place, (_, i) => 0.5 - steps[i % steps.Length]);
        var frame = new RowFrame(TestData.Values(d, _ => origin), Normalize: false);
        using CpuEngine engine = HeadEngines.Make(kernel, set, frame, Guess);
        (int[] labels, _) = HeadEngines.Assign(engine, set, frame);
        Near.SameLabels(set.Labels, labels, "half way");
        Assert.InRange(engine.DecidedByHeads, set.Count / 12, set.Count);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Lloyd_iterations_over_rows_between_centres_are_the_same_to_the_bit(string kernel)
    {
        foreach ((int d, int k) in ((int, int)[])[(32, 12), (50, 60)])
        {
            // Centres that have some way to go, so that rows change over.
            TestSet set = Between(6000, d, k, 0, (random, _) => 0.55 * Math.Sqrt(random.NextDouble()));
            var random = new Random(1);
            set = set with { Centers = TestData.Values(k * d, i => set.Centers[i] + (4 * TestData.Gauss(random))) };
            Near.SameBits(HeadEngines.Lloyd(kernel, set, -1), HeadEngines.Lloyd(kernel, set, Guess));
        }
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Rows_around_a_centre_are_told_by_the_guess_alone(string kernel)
    {
        const int D = 60, K = 40;
        var random = new Random(2);
        float[] centers = TestData.Values(K * D, _ => 10 * TestData.Gauss(random));
        float[] rows = TestData.Values(1000 * D, i => centers[i % centers.Length] + TestData.Gauss(random));
        var set = new TestSet(D, rows, centers, []);
        using CpuEngine engine = HeadEngines.Make(kernel, set, set.Frame, Guess);
        (int[] labels, _) = HeadEngines.Assign(engine, set, set.Frame);
        Assert.Equal(set.Labels, labels);
        Assert.InRange(engine.DecidedByHeads, 950, 1000);
    }

    [Fact]
    public void Neighbours_are_the_nearest_others_in_order()
    {
        const int K = 30, Stride = 4;
        var random = new Random(3);
        int[] some = [7, 0, 29];
        float[] distances = TestData.Values(K * Stride, _ => 1 + random.NextDouble());
        distances[(7 * Stride) + 0] = distances[(0 * Stride) + 1] = distances[(29 * Stride) + 2] = 0;
        using CenterNeighbors neighbors = Neighbors(K, some, distances, Stride);
        for (int i = 0; i < some.Length; i++)
        {
            int at = i;
            int[] expected = [.. Enumerable.Range(0, K).Where(j => j != some[at]).OrderBy(j => distances[(j * Stride) + at])];
            for (int n = 0; n < CenterNeighbors.Most; n++)
            {
                Assert.Equal(expected[n], neighbors.Of(some[i])[n]);
            }

            for (int n = 0; n <= CenterNeighbors.Most; n++)
            {
                double quarter = distances[(expected[n] * Stride) + i] / 4;
                Assert.InRange(neighbors.Reaches(some[i])[n], quarter * (1 - 1e-5), quarter * (1 - 1e-7));
            }
        }

        Assert.Equal(0, neighbors.Reaches(1)[0]);
        neighbors.Forget();
        Assert.Equal(0, neighbors.Reaches(7)[CenterNeighbors.Most]);
    }

    [Fact]
    public void All_rows_but_too_large_ones_are_nearer_than_what_comes_after_few_neighbours()
    {
        float[] reaches = ReachesOfFirst([0, 4, 1]);
        Assert.InRange(reaches[0], 0.2499f, 0.25f);
        Assert.InRange(reaches[1], 0.999f, 1);
        Assert.All(reaches[2..], reach => Assert.Equal(RowCheck.LargestSquaredNorm, reach));
    }

    [Fact]
    public void A_distance_that_is_no_number_says_nothing_of_what_comes_after()
    {
        float[] reaches = ReachesOfFirst([0, 4, float.PositiveInfinity, 1, float.NaN]);
        Assert.InRange(reaches[1], 0.999f, 1);
        Assert.All(reaches[2..], reach => Assert.Equal(0, reach));
    }

    // 16 centres and rows of so many columns have more heads to try than half of the units; the threads share out the rest.
    [Theory, MemberData(nameof(Kernels))]
    public void What_is_decided_depends_on_no_thread(string kernel)
    {
        TestSet set = TestData.Make("blobs", 544, 2050, 16, seed: 4);
        long[] decided = new long[8];
        for (int i = 0; i < decided.Length; i++)
        {
            using CpuEngine engine = HeadEngines.Make(kernel, set, set.Frame, null);
            (int[] labels, _) = HeadEngines.Assign(engine, set, set.Frame);
            Near.SameLabels(set.Labels, labels, "many heads");
            decided[i] = engine.DecidedByHeads;
        }

        Assert.All(decided, count => Assert.Equal(decided[0], count));
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Neighbours_are_forgotten_with_the_centres_they_are_of(string kernel)
    {
        TestSet set = TestData.Make("blobs", 1500, 60, 40, seed: 6), other = TestData.Make("blobs", 1500, 60, 40, seed: 7);
        using CpuEngine engine = HeadEngines.Make(kernel, set, set.Frame, Guess);
        using EngineData data = engine.Load(set.Source, default, set.Frame);
        int[] labels = new int[set.Count];
        engine.Assign(data, 0, labels, default);
        Near.SameLabels(set.Labels, labels, "before");

        engine.SetCenters(other.Centers, new double[40], set.Frame);
        engine.Assign(data, 0, labels, default);
        Near.SameLabels(Nearest(set, other.Centers), labels, "set");

        int[] moved = [.. Enumerable.Range(0, 20)];
        long[] rows = [.. moved.Select(j => (j * 61L) + 5)];
        engine.Reseed(data, moved, rows, 1);
        engine.Assign(data, 0, labels, default);
        float[] centers = new float[set.Centers.Length];
        engine.GetCenters(centers);
        Near.SameLabels(Nearest(set, centers), labels, "reseeded");

        var steps = new StepStatistics[3];
        engine.RunSteps(data, RowOrder.Sequential(set.Count), 0, 400, steps);
        engine.Assign(data, 0, labels, default);
        engine.GetCenters(centers);
        Near.SameLabels(Nearest(set, centers), labels, "after steps");
    }

    private static int[] Nearest(TestSet set, float[] centers) => Oracle.Nearest(set.Rows, centers, set.Dimension).Labels;

    private static float[] ReachesOfFirst(float[] distances)
    {
        using CenterNeighbors neighbors = Neighbors(distances.Length, [0], distances, 1);
        return new ReadOnlySpan<float>(neighbors.Reaches(0), CenterNeighbors.Most + 1).ToArray();
    }

    private static CenterNeighbors Neighbors(int centers, int[] some, float[] distances, int stride)
    {
        var neighbors = new CenterNeighbors(centers);
        neighbors.Begin();
        fixed (float* values = distances)
        {
            neighbors.Set(some, values, stride, more: 1, slack: 0);
        }

        return neighbors;
    }

    /// <summary>Rows on lines from one centre to another, every second to the nearest, a share of the way from it.</summary>
    private static TestSet Between(int count, int d, int k, double place, Func<Random, int, double> share)
    {
        var random = new Random((d * 100) + k);
        float[] centers = TestData.Values(k * d, _ => place + (10 * TestData.Gauss(random)));
        float[] rows = new float[count * d];
        for (int i = 0; i < count; i++)
        {
            int a = random.Next(k), b = i % 2 == 0 ? Nearest(centers, a, d) : (a + 1 + random.Next(k - 1)) % k;
            double way = share(random, i);
            for (int column = 0; column < d; column++)
            {
                double from = centers[(a * d) + column], to = centers[(b * d) + column];
                rows[(i * d) + column] = (float)(from + (way * (to - from)));
            }
        }

        return new TestSet(d, rows, centers, []);
    }

    private static int Nearest(float[] centers, int center, int d) => Enumerable.Range(0, centers.Length / d)
        .Where(j => j != center)
        .MinBy(j => Oracle.SquaredDistance(Oracle.Row(centers, center, d), Oracle.Row(centers, j, d)));
}
