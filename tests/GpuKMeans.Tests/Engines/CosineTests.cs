using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Engines;

/// <summary>Cosine is Euclidean on rows and centres of unit length.</summary>
public sealed class CosineTests
{
    public static TheoryData<string> Names => TestEngines.Names;

    [Theory, MemberData(nameof(Names))]
    public void Labels_and_distances_are_those_of_normalised_rows(string name)
    {
        foreach ((int n, int d, int k) in Shapes.Few)
        {
            TestSet set = TestData.Get("gaussian", n, d, k);
            RowFrame frame = set.Frame with { Normalize = true };
            float[] rows = Oracle.Normalized(set.Rows, d), centers = Oracle.Normalized(set.Centers, d);
            (int[] expected, double[] squares) = Oracle.Nearest(rows, centers, d);
            using KMeansEngine engine = TestEngines.Create(name);
            engine.SetCenters(set.Centers, new double[k], frame);
            using EngineData data = engine.Load(set.Source, default, frame);
            int[] labels = new int[n];
            float[] distances = new float[n];
            engine.Assign(data, 0, labels, distances);
            Near.SameLabels(expected, labels, $"{n}×{d}, {k}");
            Near.Each(squares, distances, Near.DistanceError(d), $"{n}×{d}, {k}", 1e-13);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Centres_stay_of_unit_length_when_they_move(string name)
    {
        TestSet set = TestData.Get("blobs", 1003, 100, 37);
        RowFrame frame = set.Frame with { Normalize = true };
        using KMeansEngine engine = TestEngines.Create(name);
        engine.SetCenters(set.Centers, new double[37], frame);
        using EngineData data = engine.Load(set.Source, default, frame);
        engine.RunSteps(data, RowOrder.Shuffled(1003, 3), 0, 200, new StepStatistics[3]);
        AssertUnitLength();
        engine.Reseed(data, [5], [9], 1);
        AssertUnitLength();
        engine.Accumulate(data, CancellationToken.None);
        engine.MoveCenters(data, out _);
        AssertUnitLength();

        void AssertUnitLength()
        {
            float[] centers = engine.Centers(37, 100);
            for (int j = 0; j < 37; j++)
            {
                Near.Equal(1, Oracle.SquaredDistance(Oracle.Row(centers, j, 100), new float[100]), 1e-6, $"centre {j}");
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void A_row_of_zeros_is_named(string name)
    {
        TestSet set = TestData.Make("gaussian", 300, 21, 5, seed: 5);
        RowFrame frame = set.Frame with { Normalize = true };
        set.Rows.AsSpan(123 * 21, 21).Clear();
        using KMeansEngine engine = TestEngines.Create(name);
        engine.SetCenters(set.Centers, new double[5], frame);

        // An engine that takes the rows to its device finds it on the way.
        ArgumentException error = Assert.Throws<ArgumentException>(() =>
        {
            using EngineData data = engine.Load(set.Source, default, frame);
            engine.Assign(data, 0, new int[300], []);
        });
        Assert.Contains("Row 123 is all zeros", error.Message);
    }
}
