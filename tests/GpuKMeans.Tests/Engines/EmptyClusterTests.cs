using GpuKMeans.Engines;

namespace GpuKMeans.Tests.Engines;

/// <summary>Empty clusters take over the farthest rows in MoveCenters.</summary>
public sealed class EmptyClusterTests
{
    public static TheoryData<string> Names => TestEngines.Names;

    [Theory, MemberData(nameof(Names))]
    public void The_farthest_rows_go_to_the_empty_clusters_and_leave_their_own(string name)
    {
        (float[] centers, double[] counts, int relocated) = Iterate(
            name, rows: [0, 1, 2, 3, 24, 30], centers: [2, 900, -900]);
        Assert.Equal(2, relocated);
        Assert.Equal([1.5f, 30, 24], centers);
        Assert.Equal([4.0, 1, 1], counts);
    }

    [Theory, MemberData(nameof(Names))]
    public void Of_rows_equally_far_the_lowest_is_taken(string name)
    {
        (float[] centers, _, int relocated) = Iterate(name, rows: [0, 4, -4, 4, 0, -4], centers: [0, 900]);
        Assert.Equal(1, relocated);
        Assert.Equal(4f, centers[1]);
        Assert.Equal(-0.8f, centers[0]);
    }

    [Theory, MemberData(nameof(Names))]
    public void Rows_of_no_weight_are_not_taken(string name)
    {
        (float[] centers, double[] counts, int relocated) = Iterate(
            name, rows: [0, 1, 2, 100], centers: [0, 900], weights: [1, 2, 3, 0]);
        Assert.Equal(1, relocated);
        Assert.Equal(2f, centers[1]);
        Assert.Equal([3.0, 3], counts);
    }

    [Theory, MemberData(nameof(Names))]
    public void Where_every_row_is_on_its_centre_an_empty_cluster_stays_where_it_is(string name)
    {
        (float[] centers, _, int relocated) = Iterate(name, rows: [0, 0, 5, 5], centers: [0, 5, 900]);
        Assert.Equal(0, relocated);
        Assert.Equal([0f, 5, 900], centers);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_cluster_that_stays_empty_has_been_given_nothing(string name)
    {
        (_, double[] counts, _) = Iterate(name, rows: [0, 0, 5, 5], centers: [0, 5, 900], given: 7);
        Assert.Equal([2.0, 2, 0], counts);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_cluster_is_not_emptied_to_fill_another(string name)
    {
        // The farthest row, 100, is all its cluster has; the next, 13, goes.
        (float[] centers, _, int relocated) = Iterate(name, rows: [100, 10, 11, 13], centers: [80, 10, -900]);
        Assert.Equal(1, relocated);
        Assert.Equal([100f, 10.5f, 13], centers);
    }

    private static (float[] Centers, double[] Counts, int Relocated) Iterate(
        string name, float[] rows, float[] centers, float[]? weights = null, double given = 0)
    {
        RowFrame frame = new(new float[1], Normalize: false);
        using KMeansEngine engine = TestEngines.Create(name);
        engine.SetCenters(centers, [.. Enumerable.Repeat(given, centers.Length)], frame);
        using EngineData data = engine.Load(VectorSource.FromMemory(rows, 1), weights, frame);
        engine.Accumulate(data, CancellationToken.None);
        engine.MoveCenters(data, out int relocated);
        return (engine.Centers(centers.Length, 1), engine.Counts(centers.Length), relocated);
    }
}
