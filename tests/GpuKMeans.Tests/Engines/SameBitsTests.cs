using System.Runtime.InteropServices;
using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Engines;

/// <summary>The same bits each time, wherever the rows lie.</summary>
public sealed class SameBitsTests
{
    private static readonly (int N, int D, int K)[] _shapes =
        [(1003, 100, 37), (3000, 5, 40), (301, 33, 65), (70000, 2, 3), (2100, 2400, 3)];

    internal static TestSet[] Sets { get; } =
        [.. _shapes.Select(shape => TestData.Get("blobs", shape.N, shape.D, shape.K)), Cancelling(3000, 33)];

    public static TheoryData<string> Names => TestEngines.Names;

    [Theory, MemberData(nameof(Names))]
    public void The_same_work_gives_the_same_bits_again(string name)
    {
        foreach (TestSet set in Sets)
        {
            Assert.Equal(Work(set, name, set.Source), Work(set, name, set.Source));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void It_does_not_matter_where_the_rows_lie(string name)
    {
        using var folder = new TemporaryFolder();
        foreach ((int n, int d, int k) in _shapes[..3])
        {
            TestSet set = TestData.Get("blobs", n, d, k);
            string expected = Work(set, name, set.Source);
            Assert.Equal(expected, Work(set, name, set.Array));
            Assert.Equal(expected, Work(set, name, set.Rows.Chunk(d).ToArray()));
            foreach (string type in (string[])["<f4", "<f8"])
            {
                using VectorSource file = VectorFile.Open(folder.Write($"{n}{type[1..]}.npy", Npy.File(set.Rows, n, d, type)));
                Assert.Equal(expected, Work(set, name, file));
            }
        }
    }

    // Each row comes with its negative and in one cluster: all of the mean is what rounding leaves, and the least change
    // in the order of a sum changes every bit of it.
    private static TestSet Cancelling(int n, int d)
    {
        TestSet set = TestData.Make("gaussian", n / 2, d, 1, seed: 12);
        float[] weights = TestData.Values(n / 2, i => 1 + (i % 10 * 0.1));
        return new TestSet(d, [.. set.Rows, .. set.Rows.Select(value => -value)], set.Centers, [.. weights, .. weights]);
    }

    // Every operation that gives figures, all bits of all of them in one line.
    internal static string Work(TestSet set, string name, VectorSource rows)
    {
        (int n, int d, int k) = (set.Count, set.Dimension, set.Clusters);
        var bits = new List<string>();
        using KMeansEngine engine = TestEngines.Create(name);
        foreach (bool normalize in (bool[])[false, true])
        {
            RowFrame frame = set.Frame with { Normalize = normalize };
            engine.SetCenters(set.Centers, new double[k], frame);
            using EngineData data = engine.Load(rows, set.Weights, frame);
            int[] labels = new int[n];
            float[] distances = new float[n];
            bits.Add($"{engine.Assign(data, 0, labels, distances):R}");
            Add<int>(labels);
            Add<float>(distances);

            using (Seeding seeding = engine.StartSeeding(data))
            {
                double[] potentials = new double[2];
                seeding.Evaluate([1, n - 1], potentials);
                seeding.Accept(1);
                Add<double>(potentials);
                bits.Add($"{seeding.Potential:R} {seeding.Find(0.3)} {seeding.Find(0.9)}");
            }

            var figures = new StepStatistics[3];
            engine.RunSteps(data, RowOrder.Shuffled(n, 5), n / 9, n / 5, figures);
            bits.AddRange(figures.Select(figure => $"{figure.Inertia:R} {figure.Weight:R} {figure.CenterShift:R}"));
            Add<float>(engine.Centers(k, d));
            for (int pass = 0; pass < 2; pass++)
            {
                LloydStatistics lloyd = engine.Accumulate(data, CancellationToken.None);
                bits.Add($"{lloyd.Inertia:R} {lloyd.Changed} {engine.MoveCenters(data, out int relocated):R} {relocated}");
                Add<float>(engine.Centers(k, d));
                Add<double>(engine.Counts(k));
            }
        }

        return string.Join('\n', bits);

        void Add<T>(T[] values)
            where T : unmanaged
        {
            var hash = default(HashCode);
            hash.AddBytes(MemoryMarshal.AsBytes(values.AsSpan()));
            bits.Add($"{hash.ToHashCode():X8}");
        }
    }
}
