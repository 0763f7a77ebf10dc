namespace GpuKMeans.Tests.Models;

/// <summary>One model serves many threads.</summary>
public sealed class SharedModelTests
{
    [Fact]
    public void Eight_threads_at_once_get_the_right_labels_distances_and_scores()
    {
        TestSet set = TestData.Get("gaussian", 1003, 100, 37);
        KMeansModel model = new KMeans(TestEstimators.From(TestSet.ToArray(set.Centers, 100)) with { MaxIterations = 1 })
            .Fit(set.Array).Model;
        int[] labels = Oracle.Nearest(set.Rows, TestEstimators.Flat(model.ClusterCenters), 100).Labels;
        float[,] distances = model.Transform(set.Array);
        double score = model.Score(set.Array);
        using var start = new Barrier(8);
        Exception?[] failures = new Exception?[8];
        Thread[] threads = [.. Enumerable.Range(0, 8).Select(number => new Thread(() =>
        {
            try
            {
                start.SignalAndWait();
                for (int i = 0; i < 10; i++)
                {
                    Assert.Equal(labels, model.Predict(set.Array));
                    Assert.Equal(labels[number], model.Predict(Oracle.Row(set.Rows, number, 100)));
                    Assert.Equal(score, model.Score(set.Array));
                    Near.SameBits(distances, model.Transform(set.Array));
                }
            }
            catch (Exception failure)
            {
                failures[number] = failure;
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(failures, Assert.Null);
    }

    [Fact]
    public void A_call_that_fails_does_not_spoil_the_next()
    {
        TestSet set = TestData.Get("gaussian", 257, 7, 13);
        KMeansModel model = new KMeans(TestEstimators.Options(13)).Fit(set.Array).Model;
        int[] before = model.Predict(set.Array);
        Assert.Throws<ArgumentException>(() => model.Predict(TestSet.ToArray([.. set.Rows[7..], 1, 2, 3, float.NaN, 5, 6, 7], 7)));
        Assert.Equal(before, model.Predict(set.Array));
    }

    [Fact]
    public void More_rows_than_a_part_are_labelled_and_scored_whole()
    {
        // A model takes 2¹⁸ rows at a time.
        const int Count = (1 << 18) + 1000;
        float[] rows = TestData.Values(Count, i => i % 7);
        KMeansModel model = new KMeans(TestEstimators.From(new float[,] { { 1 }, { 5 } }) with { MaxIterations = 1 })
            .Fit(new float[,] { { 1 }, { 5 } }).Model;
        int[] labels = model.Predict(VectorSource.FromMemory(rows, 1));
        Assert.All(Enumerable.Range(Count - 2000, 2000), i => Assert.Equal(i % 7 <= 3 ? 0 : 1, labels[i]));
        double expected = rows.Sum(value => value <= 3 ? (value - 1.0) * (value - 1.0) : (value - 5.0) * (value - 5.0));
        Assert.Equal(-expected, model.Score(VectorSource.FromMemory(rows, 1)));
        float[,] distances = model.Transform(VectorSource.FromMemory(rows, 1));
        Assert.All(Enumerable.Range(Count - 2000, 2000), i => Assert.Equal(Math.Abs((i % 7) - 5), distances[i, 1]));
    }
}
