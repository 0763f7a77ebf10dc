using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Engines;

/// <summary>Mini-batch steps are running means of all rows a centre was given.</summary>
public sealed class RunStepsTests
{
    public static TheoryData<string, int, int, int> Cases => Shapes.EnginesByFew;

    public static TheoryData<string> Names => TestEngines.Names;

    [Theory, MemberData(nameof(Cases))]
    public void Steps_follow_the_running_mean(string name, int n, int d, int k) => Compare(name, n, d, k, weighted: false);

    [Theory, MemberData(nameof(Cases))]
    public void Weighted_steps_follow_the_weighted_running_mean(string name, int n, int d, int k) =>
        Compare(name, n, d, k, weighted: true);

    [Theory, MemberData(nameof(Names))]
    public void A_batch_of_several_blocks_is_one_step(string name)
    {
        // 2,400 columns: a block is 2,048 rows, a batch is two of them.
        TestSet set = TestData.Get("blobs", 2100, 2400, 3);
        using KMeansEngine engine = TestEngines.Create(name, set);
        using EngineData data = engine.Load(set.Source, default, set.Frame);
        var figures = new StepStatistics[1];
        engine.RunSteps(data, RowOrder.Sequential(2100), 0, 2100, figures);
        var oracle = new OracleCenters(set.Centers, new double[3], 2400);
        StepStatistics expected = oracle.Step(set.Rows);
        Near.Equal(expected.Inertia, figures[0].Inertia, 1e-4, "inertia");
        Near.Equal(oracle.Values, engine.Centers(3, 2400), 1e-6, "centres");
        Assert.Equal(oracle.Counts, engine.Counts(3));
    }

    [Theory, MemberData(nameof(Names))]
    public void A_centre_is_the_mean_of_every_row_it_was_ever_given(string name)
    {
        TestSet set = TestData.Get("offset 1e6", 3000, 5, 1);
        using KMeansEngine engine = TestEngines.Create(name, set);
        using EngineData data = engine.Load(set.Source, default, set.Frame);
        engine.RunSteps(data, RowOrder.Shuffled(3000, 7), 0, 100, new StepStatistics[30]);
        Assert.Equal([3000.0], engine.Counts(1));
        Near.Equal(Oracle.Mean(set.Rows, 5), engine.Centers(1, 5), 1e-7, "mean");
    }

    [Theory, MemberData(nameof(Names))]
    public void Counts_given_at_the_start_hold_centres_back(string name)
    {
        float[] rows = [10, 10, 10, 10];
        RowFrame frame = new(new float[1], Normalize: false);
        using KMeansEngine engine = TestEngines.Create(name);
        engine.SetCenters([0], [12], frame);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, 1), default, frame);
        var figures = new StepStatistics[1];
        engine.RunSteps(data, RowOrder.Sequential(4), 0, 4, figures);
        Assert.Equal([2.5f], engine.Centers(1, 1));
        Assert.Equal([16.0], engine.Counts(1));
        Assert.Equal(new StepStatistics(Inertia: 400, Weight: 4, CenterShift: 6.25), figures[0]);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_batch_of_no_weight_moves_nothing(string name)
    {
        TestSet set = TestData.Get("gaussian", 257, 7, 13);
        using KMeansEngine engine = TestEngines.Create(name, set);
        using EngineData data = engine.Load(set.Source, new float[257], set.Frame);
        var figures = new StepStatistics[2];
        engine.RunSteps(data, RowOrder.Sequential(257), 0, 128, figures);
        Assert.All(figures, figure => Assert.Equal(default, figure));
        Near.SameBits(set.Centers, engine.Centers(13, 7));
        Assert.Equal(new double[13], engine.Counts(13));
    }

    [Theory, MemberData(nameof(Names))]
    public void Float32_does_not_stop_counting_at_2_to_the_24(string name)
    {
        const double Given = 1 << 24;
        RowFrame frame = new(new float[1], Normalize: false);
        using KMeansEngine engine = TestEngines.Create(name);
        engine.SetCenters([0], [Given], frame);
        using EngineData data = engine.Load(VectorSource.FromMemory(new float[3], 1), default, frame);
        engine.RunSteps(data, RowOrder.Sequential(3), 0, 1, new StepStatistics[3]);
        Assert.Equal([Given + 3], engine.Counts(1));
    }

    // Three batches and the start of a fourth: with batches of 2/7 of the rows the last is shorter.
    private static void Compare(string name, int n, int d, int k, bool weighted)
    {
        using KMeansEngine engine = TestEngines.Create(name);
        foreach (string kind in (string[])["gaussian", "blobs", "grid", "offset 1e6"])
        {
            TestSet set = TestData.Get(kind, n, d, k);
            float[]? weights = weighted ? set.Weights : null;
            engine.SetCenters(set.Centers, new double[k], set.Frame);
            using EngineData data = engine.Load(set.Source, weights, set.Frame);
            int batch = Math.Max(1, n * 2 / 7), steps = (n + batch - 1) / batch;
            RowOrder order = RowOrder.Shuffled(n, 11);
            var figures = new StepStatistics[steps];
            engine.RunSteps(data, order, 0, batch, figures);

            var oracle = new OracleCenters(set.Centers, new double[k], d);
            for (int step = 0; step < steps; step++)
            {
                long[] rows = [.. Enumerable.Range(step * batch, Math.Min(batch, n - (step * batch))).Select(p => order[p])];
                float[] values = [.. rows.SelectMany(row => set.Rows[(int)(row * d)..(int)((row + 1) * d)])];
                float[]? shares = weights is null ? null : Array.ConvertAll(rows, row => weights[row]);
                StepStatistics expected = oracle.Step(values, shares);
                string what = $"{kind}, step {step}";
                Near.Equal(expected.Weight, figures[step].Weight, 1e-12, what + ", weight");
                Near.Equal(expected.Inertia, figures[step].Inertia, 1e-4, what + ", inertia");
                Near.Equal(expected.CenterShift, figures[step].CenterShift, 1e-4, what + ", shift", 1e-12);
            }

            Near.Equal(oracle.Values, engine.Centers(k, d), 3e-7, kind + ", centres");
            Assert.Equal(oracle.Counts, engine.Counts(k));
        }
    }
}
