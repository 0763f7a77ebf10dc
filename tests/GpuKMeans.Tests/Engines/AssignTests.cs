using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Engines;

/// <summary>Labels are exact; distances and inertia are right to float32's last digits.</summary>
public sealed class AssignTests
{
    public static TheoryData<string, int, int, int> Cases => Shapes.EnginesByAll;

    public static TheoryData<string> Names => TestEngines.Names;

    [Theory, MemberData(nameof(Cases))]
    public void Labels_are_the_float64_ones_on_every_kind_of_data(string name, int n, int d, int k)
    {
        using KMeansEngine engine = TestEngines.Create(name);
        foreach (string kind in TestData.Kinds)
        {
            TestSet set = TestData.Get(kind, n, d, k);
            engine.SetCenters(set.Centers, new double[k], set.Frame);
            using EngineData data = engine.Load(set.Source, default, set.Frame);
            int[] labels = new int[n];
            engine.Assign(data, 0, labels, []);
            Near.SameLabels(set.Labels, labels, kind);
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Distances_and_inertia_are_right_to_rounding(string name, int n, int d, int k)
    {
        using KMeansEngine engine = TestEngines.Create(name);
        foreach (string kind in TestData.Kinds)
        {
            TestSet set = TestData.Get(kind, n, d, k);
            engine.SetCenters(set.Centers, new double[k], set.Frame);
            using EngineData data = engine.Load(set.Source, set.Weights, set.Frame);
            float[] squares = new float[n];
            double inertia = engine.Assign(data, 0, new int[n], squares);
            Near.Each(set.Squares, squares, Near.DistanceError(d), kind, 1e-37);
            double expected = set.Squares.Zip(set.Weights, (square, weight) => weight * square).Sum();
            Near.Equal(expected, inertia, Near.DistanceError(d), $"{kind}, inertia");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void A_stretch_in_the_middle_gets_the_labels_and_distances_it_has_in_the_whole(string name)
    {
        TestSet set = TestData.Get("gaussian", 1003, 100, 37);
        using KMeansEngine engine = TestEngines.Create(name, set);
        using EngineData data = engine.Load(set.Source, default, set.Frame);
        float[] whole = new float[1003], part = new float[101];
        int[] labels = new int[101];
        engine.Assign(data, 0, new int[1003], whole);
        engine.Assign(data, 517, labels, part);
        Assert.Equal(set.Labels[517..618], labels);
        Near.SameBits(whole[517..618], part);
    }

    [Theory, MemberData(nameof(Names))]
    public void Labels_do_not_depend_on_the_origin(string name)
    {
        TestSet set = TestData.Get("offset 1e6", 515, 16, 40);
        foreach (float origin in (float[])[0, 1e6f, -3e6f])
        {
            RowFrame frame = new(Enumerable.Repeat(origin, 16).ToArray(), Normalize: false);
            using KMeansEngine engine = TestEngines.Create(name);
            engine.SetCenters(set.Centers, new double[40], frame);
            using EngineData data = engine.Load(set.Source, default, frame);
            int[] labels = new int[515];
            engine.Assign(data, 0, labels, []);
            Near.SameLabels(set.Labels, labels, $"origin {origin}");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Rows_a_hair_nearer_to_one_of_two_centres_get_that_one(string name)
    {
        // Centres at ±p; a row at right angles to p, moved along it by ±2⁻²⁰ or by nothing. Far below what x·c in
        // float32 can tell, and exact in float64.
        const int Dimension = 64, Count = 600;
        var random = new Random(8);
        float[] direction = TestData.Values(Dimension, d => d % 2 == 0 ? random.Next(100, 200) : 0);
        float[] centers = [.. direction.Select(v => -v), .. direction];
        float[] rows = TestData.Values(Count * Dimension, i => i % 2 == 1 ? random.Next(-500, 500) : 0);
        int[] expected = new int[Count];
        for (int i = 0; i < Count; i++)
        {
            int side = (i % 3) - 1;
            rows[(i * Dimension) + (2 * random.Next(Dimension / 2))] = side * MathF.ScaleB(1, -20);
            expected[i] = side > 0 ? 1 : 0;
        }

        RowFrame frame = new(new float[Dimension], Normalize: false);
        using KMeansEngine engine = TestEngines.Create(name);
        engine.SetCenters(centers, new double[2], frame);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, Dimension), default, frame);
        int[] labels = new int[Count];
        engine.Assign(data, 0, labels, []);
        Near.SameLabels(expected, labels, "a hair");
    }

    [Theory, MemberData(nameof(Names))]
    public void A_far_centre_among_near_ones_does_not_blur_them(string name)
    {
        TestSet set = TestData.Make("gaussian", 300, 20, 30, seed: 3);
        float[] centers = [.. set.Centers];
        centers.AsSpan(7 * 20, 20).Fill(1e15f);
        using KMeansEngine engine = TestEngines.Create(name);
        engine.SetCenters(centers, new double[30], set.Frame);
        using EngineData data = engine.Load(set.Source, default, set.Frame);
        int[] labels = new int[300];
        engine.Assign(data, 0, labels, []);
        Near.SameLabels(Oracle.Nearest(set.Rows, centers, 20).Labels, labels, "far centre");
    }
}
