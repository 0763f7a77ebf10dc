using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Engines;

/// <summary>Squared distances to every centre.</summary>
public sealed class DistancesTests
{
    public static TheoryData<string, int, int, int> Cases => Shapes.EnginesByFew;

    [Theory, MemberData(nameof(Cases))]
    public void Distances_to_every_centre_are_right_to_rounding(string name, int n, int d, int k)
    {
        TestSet set = TestData.Get("gaussian", n, d, k);
        using KMeansEngine engine = TestEngines.Create(name, set);
        using EngineData data = engine.Load(set.Source, default, set.Frame);
        int first = n / 3;
        float[] squares = new float[(n - first) * k];
        engine.Distances(data, first, squares);
        double[] expected = new double[squares.Length];
        for (int i = 0; i < squares.Length; i++)
        {
            expected[i] = Oracle.SquaredDistance(Oracle.Row(set.Rows, first + (i / k), d), Oracle.Row(set.Centers, i % k, d));
        }

        Near.Each(expected, squares, Near.DistanceError(d), "distances", 1e-37);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_row_on_a_centre_is_at_distance_0_however_far_out(string name)
    {
        TestSet set = TestData.Make("offset 1e7", 50, 19, 50, seed: 4);
        using KMeansEngine engine = TestEngines.Create(name);
        engine.SetCenters(set.Rows, new double[50], set.Frame);
        using EngineData data = engine.Load(set.Source, default, set.Frame);
        float[] squares = new float[50 * 50];
        engine.Distances(data, 0, squares);
        Assert.All(Enumerable.Range(0, 50), i => Assert.Equal(0f, squares[i * 51]));
    }

    public static TheoryData<string> Names => TestEngines.Names;
}
