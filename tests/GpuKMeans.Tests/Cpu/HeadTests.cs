using GpuKMeans.Engines;
using GpuKMeans.Engines.Cpu;

namespace GpuKMeans.Tests.Cpu;

/// <summary>Guessing centres, and measuring rows by their first columns, changes no label, no distance and no sum.</summary>
public sealed class HeadTests
{
    private const int Rows = 1500;

    public static TheoryData<string, int, int, int> Cases => new(
        from kernel in CpuKernels.Available
        from shape in ((int Dimension, int Clusters, int Head)[])
        [
            (32, 1, 0), (32, 2, 0), (33, 100, 0), (40, 9, 0), (47, 10, 0), (64, 37, 0), (300, 130, 0), (600, 70, 0),
            (32, 1, 1), (33, 100, 1), (64, 37, 2), (300, 130, 1), (300, 130, 4), (600, 70, 6),
        ]
        select (kernel.Name, shape.Dimension, shape.Clusters, shape.Head));

    public static TheoryData<string> Kernels => new(CpuKernels.Available.Select(kernel => kernel.Name));

    [Theory, MemberData(nameof(Cases))]
    public void Labels_are_the_float64_ones_and_distances_the_same_bits(string kernel, int d, int k, int head)
    {
        foreach (string kind in TestData.Kinds)
        {
            TestSet set = TestData.Get(kind, Rows, d, k);
            (int[] labels, float[] squares, _) = Assign(kernel, set, head);
            (_, float[] expected, _) = Assign(kernel, set, -1);
            Near.SameLabels(set.Labels, labels, kind);
            Near.SameBits(expected, squares);
        }
    }

    [Theory, MemberData(nameof(Kernels))]
    public void A_head_decides_rows_that_lie_near_one_centre_or_near_a_few(string kernel)
    {
        TestSet set = TestData.Get("blobs", Rows, 300, 130);
        Assert.InRange(Assign(kernel, set, 4).Decided, Rows / 2, Rows);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Clustered_rows_are_found_to_be_worth_a_head_and_noise_is_not(string kernel)
    {
        TestSet blobs = TestData.Make("blobs", 20_000, 64, 250, seed: 5), noise = TestData.Make("uniform", 20_000, 64, 250, seed: 5);
        (int[] labels, _, long decided) = Assign(kernel, blobs, null);
        Near.SameLabels(blobs.Labels, labels, "blobs");
        Assert.InRange(decided, 10_000, 20_000);
        Assert.InRange(Assign(kernel, noise, null).Decided, 0, 1_000);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Lloyd_iterations_are_the_same_to_the_bit(string kernel, int d, int k, int head)
    {
        foreach (string kind in TestData.Kinds)
        {
            TestSet set = TestData.Get(kind, Rows, d, k);
            Near.SameBits(HeadEngines.Lloyd(kernel, set, -1), HeadEngines.Lloyd(kernel, set, head));
        }
    }

    [Theory, MemberData(nameof(Kernels))]
    public void A_row_that_is_not_a_number_anywhere_is_refused(string kernel)
    {
        foreach ((int column, int clusters, int head) in ((int, int, int)[])[(3, 130, 1), (200, 130, 1), (3, 130, 0), (200, 130, 0), (200, 7, 0)])
        {
            TestSet set = TestData.Make("blobs", Rows, 300, clusters, seed: 9);
            set.Rows[(700 * 300) + column] = float.NaN;
            ArgumentException error = Assert.Throws<ArgumentException>(() => Assign(kernel, set, head));
            Assert.Contains("700", error.Message, StringComparison.Ordinal);
        }
    }

    private static (int[] Labels, float[] Squares, long Decided) Assign(string kernel, TestSet set, int? head)
    {
        RowFrame frame = new(new float[set.Dimension], Normalize: false);
        using CpuEngine engine = HeadEngines.Make(kernel, set, frame, head);
        (int[] labels, float[] squares) = HeadEngines.Assign(engine, set, frame);
        return (labels, squares, engine.DecidedByHeads);
    }
}
