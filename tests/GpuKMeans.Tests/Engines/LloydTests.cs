using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Engines;

/// <summary>Accumulate and MoveCenters are one iteration of Lloyd's algorithm.</summary>
public sealed class LloydTests
{
    public static TheoryData<string, int, int, int> Cases => Shapes.EnginesByFew;

    public static TheoryData<string> Names => TestEngines.Names;

    [Theory, MemberData(nameof(Cases))]
    public void Iterations_follow_the_oracle(string name, int n, int d, int k) => Compare(name, n, d, k, weighted: false);

    [Theory, MemberData(nameof(Cases))]
    public void Weighted_iterations_follow_the_oracle(string name, int n, int d, int k) =>
        Compare(name, n, d, k, weighted: true);

    [Theory, MemberData(nameof(Names))]
    public void A_cancelled_pass_leaves_no_sums_behind(string name)
    {
        TestSet set = TestData.Get("blobs", 3000, 5, 40);
        using KMeansEngine engine = TestEngines.Create(name, set);
        using EngineData data = engine.Load(set.Source, default, set.Frame);
        Assert.ThrowsAny<OperationCanceledException>(() => engine.Accumulate(data, new CancellationToken(canceled: true)));
        engine.Accumulate(data, CancellationToken.None);
        engine.MoveCenters(data, out _);
        Assert.Equal(3000, engine.Counts(40).Sum());
    }

    [Theory, MemberData(nameof(Names))]
    public void Changed_counts_the_rows_that_went_to_another_centre(string name)
    {
        float[] rows = [0, 1, 2, 9, 10];
        RowFrame frame = new(new float[1], Normalize: false);
        using KMeansEngine engine = TestEngines.Create(name);
        engine.SetCenters([0, 2], new double[2], frame);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, 1), default, frame);

        // {0, 1} and {2, 9, 10} have means 0.5 and 7: the row at 2 changes. Then 1 and 9.5, and nothing does.
        Assert.Equal(5, Pass());
        Assert.Equal(1, Pass());
        Assert.Equal(0, Pass());
        Assert.Equal([1f, 9.5f], engine.Centers(2, 1));

        long Pass()
        {
            LloydStatistics figures = engine.Accumulate(data, CancellationToken.None);
            engine.MoveCenters(data, out _);
            return figures.Changed;
        }
    }

    private static void Compare(string name, int n, int d, int k, bool weighted)
    {
        using KMeansEngine engine = TestEngines.Create(name);
        foreach (string kind in (string[])["gaussian", "blobs", "grid", "tight and far"])
        {
            TestSet set = TestData.Get(kind, n, d, k);
            float[]? weights = weighted ? set.Weights : null;
            engine.SetCenters(set.Centers, new double[k], set.Frame);
            using EngineData data = engine.Load(set.Source, weights, set.Frame);
            var oracle = new OracleCenters(set.Centers, new double[k], d);
            int[] before = [];
            for (int pass = 0; pass < 3; pass++)
            {
                string what = $"{kind}, pass {pass}";
                LloydStatistics figures = engine.Accumulate(data, CancellationToken.None);
                int[] labels = new int[n];
                engine.GetLabels(data, 0, labels);
                double shift = engine.MoveCenters(data, out int relocated);

                (int[] expected, double inertia, double expectedShift, int expectedRelocated) = oracle.Lloyd(set.Rows, weights);
                Near.SameLabels(expected, labels, what);
                Assert.Equal(pass == 0 ? n : expected.Zip(before).Count(pair => pair.First != pair.Second), figures.Changed);
                Near.Equal(inertia, figures.Inertia, 1e-4, what + ", inertia");
                Assert.Equal((what, expectedRelocated), (what, relocated));
                Near.Equal(expectedShift, shift, 1e-4, what + ", shift", 1e-9);
                Near.Equal(oracle.Values, engine.Centers(k, d), 3e-7, what + ", centres");

                // On equal footing for the next pass, in which a last bit may decide an exact tie.
                oracle = new OracleCenters(engine.Centers(k, d), engine.Counts(k), d);
                before = expected;
            }
        }
    }
}
