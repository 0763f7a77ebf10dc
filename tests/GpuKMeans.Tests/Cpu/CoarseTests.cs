using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;

namespace GpuKMeans.Tests.Cpu;

/// <summary>Scoring rows in 16 bits first changes no label, no distance and no sum.</summary>
public sealed class CoarseTests
{
    private const int Rows = 1100;

    public static TheoryData<string, int, int, int> Cases => new(
        from kernel in CpuKernels.Available
        where kernel.HasCoarse
        from shape in ((int Dimension, int Clusters, int Head)[])
        [
            (1, 1, -1), (2, 7, -1), (3, 100, -1), (16, 12, -1), (31, 13, -1), (64, 300, -1), (257, 97, -1), (600, 70, -1),
            (33, 100, 0), (64, 300, 1), (300, 130, 4),
        ]
        select (kernel.Name, shape.Dimension, shape.Clusters, shape.Head));

    public static TheoryData<string> Kernels =>
        new(CpuKernels.Available.Where(kernel => kernel.HasCoarse).Select(kernel => kernel.Name));

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Cases))]
    public void Labels_are_the_float64_ones_and_distances_the_same_bits(string kernel, int d, int k, int head)
    {
        foreach (string kind in TestData.Kinds)
        {
            TestSet set = TestData.Get(kind, Rows, d, k);
            (int[] labels, float[] squares) = Assign(kernel, set, head, coarse: true);
            Near.SameLabels(set.Labels, labels, kind);
            Near.SameBits(Assign(kernel, set, head, coarse: false).Squares, squares);
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Cases))]
    public void Lloyd_iterations_are_the_same_to_the_bit(string kernel, int d, int k, int head)
    {
        foreach (string kind in TestData.Kinds)
        {
            TestSet set = TestData.Get(kind, Rows, d, k);
            Near.SameBits(HeadEngines.Lloyd(kernel, set, head, coarse: false), HeadEngines.Lloyd(kernel, set, head, coarse: true));
        }
    }

    // Values too small, too large or too uneven for 16 bits: the rows are in doubt, and float32 decides.
    [Theory(SkipTestWithoutData = true), MemberData(nameof(Kernels))]
    public void Labels_are_right_whatever_the_values_are(string kernel)
    {
        foreach (float scale in (float[])[1e-25f, 1e-19f, 1e-12f, 1e15f])
        {
            TestSet set = TestData.Make("gaussian", Rows, 40, 60, seed: 3);
            Near.SameLabels(set.Labels, Assign(kernel, Changed(set, (_, value) => value * scale), -1, coarse: true).Labels, $"× {scale}");
        }

        // A centre that cannot be rounded leaves all rows in doubt.
        TestSet tiny = TestData.Make("gaussian", Rows, 40, 60, seed: 5);
        tiny.Centers.AsSpan(3 * 40, 40).Fill(1e-20f);
        Near.SameLabels(tiny.Labels, Assign(kernel, tiny, -1, coarse: true).Labels, "a tiny centre");

        // A column far longer than the others, and a row and a centre of zeros.
        TestSet gaussian = TestData.Make("gaussian", Rows, 40, 60, seed: 4);
        foreach (Func<int, float, float> change in (Func<int, float, float>[])
            [(i, value) => i % 40 == 7 ? value * 1e6f : value, (i, value) => i is >= 400 and < 440 ? 0 : value])
        {
            TestSet set = Changed(gaussian, change);
            Near.SameLabels(set.Labels, Assign(kernel, set, -1, coarse: true).Labels, "changed");
        }
    }

    // Centres that find no room in the second-level cache together: rounded tiles wait for the next part of them.
    [Theory(SkipTestWithoutData = true), MemberData(nameof(Kernels))]
    public void Labels_are_right_where_centres_pass_in_several_parts(string kernel)
    {
        TestSet set = TestData.Make("blobs", 200, 64, 17_000, seed: 11);
        Near.SameLabels(set.Labels, Assign(kernel, set, -1, coarse: true).Labels, "many centres");
    }

    // Whether a row is too large must not depend on how its label is found.
    [Theory(SkipTestWithoutData = true), MemberData(nameof(Kernels))]
    public void A_row_in_doubt_that_is_too_large_is_refused(string kernel)
    {
        var set = new TestSet(2, [.. Enumerable.Repeat((float[])[6e18f, 0], 40).SelectMany(row => row)], [4e18f, 0, 4e18f, 0], []);
        foreach (bool coarse in (bool[])[false, true])
        {
            ArgumentException error = Assert.Throws<ArgumentException>(() => Assign(kernel, set, -1, coarse));
            Assert.Contains("large", error.Message, StringComparison.Ordinal);
        }
    }

    // Taken after a trial, kept as centres move and are set anew, given up where centres are alike.
    [Theory(SkipTestWithoutData = true), MemberData(nameof(Kernels))]
    public void It_is_taken_where_it_pays_and_given_up_where_it_does_not(string kernel)
    {
        const int K = 300, D = 64;
        TestSet set = TestData.Make("gaussian", 4000, D, K, seed: 21), other = TestData.Make("gaussian", 4000, D, K / 2, seed: 22);
        float[] copies = [.. Enumerable.Range(0, K * D).Select(i => set.Centers[i % (20 * D)])];
        var alike = new TestSet(D, set.Rows, copies, []);
        RowFrame frame = new(new float[D], Normalize: false);
        using CpuEngine engine = HeadEngines.Make(kernel, set, frame, -1, rate: 0.5);

        long AssignAll(TestSet rows)
        {
            long before = engine.ScoredCoarse;
            Near.SameLabels(rows.Labels, HeadEngines.Assign(engine, rows, frame).Labels, "labels");
            return engine.ScoredCoarse - before;
        }

        Assert.Equal(4000, AssignAll(set));
        using (EngineData data = engine.Load(set.Source, default, frame))
        {
            engine.RunSteps(data, RowOrder.Shuffled(4000, 1), 0, 1000, new StepStatistics[3]);
            engine.Reseed(data, [7], [123], 1);
        }

        float[] moved = new float[K * D];
        engine.GetCenters(moved);
        Assert.Equal(4000, AssignAll(new TestSet(D, set.Rows, moved, [])));

        engine.SetCenters(other.Centers, new double[K / 2], frame);
        Assert.Equal(4000, AssignAll(other));

        // Of fifteen equal centres none is certain; a unit tells.
        engine.SetCenters(copies, new double[K], frame);
        Assert.InRange(AssignAll(alike), 1, 256);
        Assert.Equal(0, AssignAll(alike));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Kernels))]
    public void A_row_that_is_not_a_number_is_refused(string kernel)
    {
        foreach (float value in (float[])[float.NaN, float.PositiveInfinity])
        {
            TestSet set = TestData.Make("blobs", Rows, 65, 30, seed: 9);
            set.Rows[(700 * 65) + 64] = value;
            ArgumentException error = Assert.Throws<ArgumentException>(() => Assign(kernel, set, -1, coarse: true));
            Assert.Contains("700", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Kernels))]
    public void What_it_costs_on_this_machine_is_measured(string kernel) =>
        Assert.InRange(CpuKernels.Choose(kernel).CoarseRate, 0.1, 10);

    private static TestSet Changed(TestSet set, Func<int, float, float> change) => new(
        set.Dimension, [.. set.Rows.Select((value, i) => change(i, value))], [.. set.Centers.Select((value, i) => change(i, value))], []);

    private static (int[] Labels, float[] Squares) Assign(string kernel, TestSet set, int head, bool coarse)
    {
        RowFrame frame = new(new float[set.Dimension], Normalize: false);
        using CpuEngine engine = HeadEngines.Make(kernel, set, frame, head, coarse);
        return HeadEngines.Assign(engine, set, frame);
    }
}
