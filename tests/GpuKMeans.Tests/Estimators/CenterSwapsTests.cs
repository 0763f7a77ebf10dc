using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Estimators;

/// <summary>Centres that share a cloud while another lies between two are put right; others stay.</summary>
public sealed class CenterSwapsTests
{
    private const int Clusters = 12;

    public static TheoryData<string> Names => TestEngines.Names;

    [Theory, MemberData(nameof(Names))]
    public void A_centre_moves_from_a_cloud_that_has_two_to_one_that_has_none(string name)
    {
        (float[] rows, float[] places) = Clouds();
        TestSet set = new(8, rows, places, []);

        // The first two clouds get one centre between them, the third gets two.
        float[] centers = [.. places];
        for (int d = 0; d < 8; d++)
        {
            centers[d] = (places[d] + places[8 + d]) / 2;
            centers[8 + d] = places[16 + d] + 0.3f;
            centers[16 + d] = places[16 + d] - 0.3f;
        }

        using KMeansEngine engine = TestEngines.Create(name);
        (int swaps, double before, double after) = Run(engine, set, centers, default);
        Assert.Equal(1, swaps);
        Assert.True(after < before / 3, $"{after} is not far below {before}");
        Near.Equal(set.Squares.Sum(), after, 0.05, "inertia");
    }

    [Theory, MemberData(nameof(Names))]
    public void A_cloud_of_weight_0_gets_no_centre(string name)
    {
        (float[] rows, float[] places) = Clouds();
        TestSet set = new(8, rows, places, []);
        float[] centers = [.. places];
        for (int d = 0; d < 8; d++)
        {
            centers[d] = (places[d] + places[8 + d]) / 2;
            centers[8 + d] = places[16 + d] + 0.3f;
            centers[16 + d] = places[16 + d] - 0.3f;
        }

        // The second cloud counts nothing, so the first has a centre to itself.
        float[] weights = [.. Enumerable.Range(0, set.Count).Select(i => i % Clusters == 1 ? 0f : 1f)];
        using KMeansEngine engine = TestEngines.Create(name);
        Run(engine, set, centers, weights);
        engine.GetCenters(centers);
        Assert.InRange(Oracle.Nearest(places.AsSpan(8, 8).ToArray(), centers, 8).Squares[0], 100, double.PositiveInfinity);
    }

    [Theory, MemberData(nameof(Names))]
    public void Where_nothing_is_gained_the_centres_stay_to_the_bit(string name)
    {
        (float[] rows, float[] places) = Clouds();
        TestSet set = new(8, rows, places, []);
        using KMeansEngine engine = TestEngines.Create(name);
        using EngineData data = Settle(engine, set, set.Centers, default);
        float[] before = new float[set.Centers.Length], after = new float[set.Centers.Length];
        double[] counts = new double[Clusters], countsAfter = new double[Clusters];
        engine.GetCenters(before);
        engine.GetCounts(counts);
        Assert.Equal(0, new CenterSwaps(engine, set.Frame, set.Source, default, Clusters).Run(data, CancellationToken.None));
        engine.GetCenters(after);
        engine.GetCounts(countsAfter);
        Near.SameBits(before, after);
        Assert.Equal(counts, countsAfter);
    }

    [Theory, MemberData(nameof(Names))]
    public void Fewer_than_three_centres_and_rows_that_are_all_alike_are_left_alone(string name)
    {
        foreach (int clusters in (int[])[1, 2, 5])
        {
            TestSet set = new(3, TestData.Values(300, _ => 2), TestData.Values(clusters * 3, _ => 2), []);
            using KMeansEngine engine = TestEngines.Create(name);
            Assert.Equal(0, Run(engine, set, set.Centers, default).Swaps);
        }
    }

    [Fact]
    public void A_fit_finds_every_one_of_many_clouds()
    {
        // k-means++ alone misses a few of so many.
        var random = new Random(3);
        float[] rows = TestData.Blobs(random, 12_000, 16, 60, distance: 10, spread: 1);
        for (int seed = 0; seed < 5; seed++)
        {
            var kmeans = new MiniBatchKMeans(new KMeansOptions { ClusterCount = 60, Seed = seed, Device = Device.Cpu });
            kmeans.Fit(VectorSource.FromMemory(rows, 16));
            Assert.InRange(kmeans.Inertia / (12_000 * 16), 0.95, 1.01);
        }
    }

    private static (float[] Rows, float[] Places) Clouds()
    {
        var random = new Random(11);
        float[] places = TestData.Values(Clusters * 8, _ => 20 * TestData.Gauss(random));
        float[] rows = TestData.Values(Clusters * 50 * 8, i => places[(i / 8 % Clusters * 8) + (i % 8)] + TestData.Gauss(random));
        return (rows, places);
    }

    private static EngineData Settle(KMeansEngine engine, TestSet set, float[] centers, ReadOnlyMemory<float> weights)
    {
        engine.SetCenters(centers, new double[centers.Length / set.Dimension], set.Frame);
        EngineData data = engine.Load(set.Source, weights, set.Frame);
        for (int i = 0; i < 5; i++)
        {
            engine.Accumulate(data, CancellationToken.None);
            engine.MoveCenters(data, out _);
        }

        return data;
    }

    private static (int Swaps, double Before, double After) Run(
        KMeansEngine engine, TestSet set, float[] centers, ReadOnlyMemory<float> weights)
    {
        int clusters = centers.Length / set.Dimension;
        using EngineData data = Settle(engine, set, centers, weights);
        int[] labels = new int[set.Count];
        float[] squares = new float[set.Count];
        double before = engine.Assign(data, 0, labels, squares);
        int swaps = new CenterSwaps(engine, set.Frame, set.Source, weights, clusters).Run(data, CancellationToken.None);
        return (swaps, before, engine.Assign(data, 0, labels, squares));
    }
}
