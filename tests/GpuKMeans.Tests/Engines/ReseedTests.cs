using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Engines;

/// <summary>Centres can be put on rows.</summary>
public sealed class ReseedTests
{
    public static TheoryData<string> Names => TestEngines.Names;

    [Theory, MemberData(nameof(Names))]
    public void Centres_go_where_they_are_put_and_the_others_stay(string name)
    {
        TestSet set = TestData.Get("gaussian", 301, 33, 65);
        using KMeansEngine engine = TestEngines.Create(name, set);
        using EngineData data = engine.Load(set.Source, default, set.Frame);
        engine.Reseed(data, [3, 64, 0], [300, 0, 17], count: 2.5);

        float[] expected = [.. set.Centers];
        double[] counts = new double[65];
        foreach ((int cluster, int row) in (ReadOnlySpan<(int, int)>)[(3, 300), (64, 0), (0, 17)])
        {
            Oracle.Row(set.Rows, row, 33).CopyTo(expected.AsSpan(cluster * 33));
            counts[cluster] = 2.5;
        }

        Near.SameBits(expected, engine.Centers(65, 33));
        Assert.Equal(counts, engine.Counts(65));
        int[] labels = new int[301];
        engine.Assign(data, 0, labels, []);
        Near.SameLabels(Oracle.Nearest(set.Rows, expected, 33).Labels, labels, "after reseeding");
    }

    [Theory, MemberData(nameof(Names))]
    public void A_reseeded_centre_goes_on_from_its_row_and_count(string name)
    {
        float[] rows = [0, 0, 8, 9, 9, 9];
        RowFrame frame = new(new float[1], Normalize: false);
        using KMeansEngine engine = TestEngines.Create(name);
        engine.SetCenters([0, -50], [4, 4], frame);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, 1), default, frame);
        engine.Reseed(data, [1], [2], count: 1);
        engine.RunSteps(data, RowOrder.Sequential(6), 3, 3, new StepStatistics[1]);
        Assert.Equal([0f, 8.75f], engine.Centers(2, 1));
        Assert.Equal([4.0, 4], engine.Counts(2));
    }
}
