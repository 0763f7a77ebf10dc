namespace GpuKMeans.Tests.Estimators;

public sealed class ContinuationTests
{
    [Theory, InlineData(Metric.Euclidean), InlineData(Metric.Cosine)]
    public void PartialFit_goes_on_from_a_fit_as_from_the_means_of_all_it_was_given(Metric metric)
    {
        // Directions over half a circle, then one direction: how short the first mean is decides where the centre goes.
        float[,] first = Directions(200, i => i * 3.0 / 200), second = Directions(200, _ => 1.2);
        KMeansOptions options = new() { ClusterCount = 1, Metric = metric, BatchSize = 200 };
        using MiniBatchKMeans fitted = new MiniBatchKMeans(options).Fit(first).PartialFit(second);
        using MiniBatchKMeans parts = new MiniBatchKMeans(options).PartialFit(first).PartialFit(second);

        Assert.Equal(400, fitted.ClusterCounts[0]);
        Near.Equal(TestEstimators.Flat(parts.ClusterCenters), TestEstimators.Flat(fitted.ClusterCenters), 1e-6, "centre");
    }

    [Theory, InlineData(Metric.Euclidean), InlineData(Metric.Cosine)]
    public void Disposing_in_between_changes_nothing(Metric metric)
    {
        TestSet set = TestData.Make("blobs", 900, 7, 5, seed: 9);
        KMeansOptions options = TestEstimators.Options(5) with { Metric = metric };
        using var straight = new MiniBatchKMeans(options);
        using var interrupted = new MiniBatchKMeans(options);
        straight.PartialFit(set.Array).PartialFit(set.Array);
        interrupted.PartialFit(set.Array).Dispose();
        interrupted.PartialFit(set.Array);

        Near.SameBits(straight.ClusterCenters, interrupted.ClusterCenters);
        Near.SameBits(straight.ClusterCounts, interrupted.ClusterCounts);
    }

    [Fact]
    public void A_model_under_cosine_places_rows_by_the_centres_it_reports()
    {
        var random = new Random(3);
        for (int k = 0; k < 50; k++)
        {
            float[,] centers = Directions(40, _ => random.NextDouble() * 6);
            KMeansOptions options = new() { ClusterCount = 40, Metric = Metric.Cosine, Initialization = KMeansInitialization.FromCenters(centers) };
            KMeansModel model = new KMeans(options).Fit(Directions(200, _ => random.NextDouble() * 6)).Model;
            using var stream = new MemoryStream();
            model.Save(stream);
            stream.Position = 0;

            // What is set again must not be rounded again.
            float[,] distances = KMeansModel.Load(stream, Device.Cpu).Transform(model.ClusterCenters);
            Assert.All(Enumerable.Range(0, 40), j => Assert.Equal(0, distances[j, j]));
        }
    }

    [Fact]
    public void Rows_that_differ_beside_one_far_away_are_all_chosen()
    {
        float[,] rows = new float[65, 1];
        for (int i = 0; i < 64; i++)
        {
            rows[i, 0] = i;
        }

        rows[64, 0] = 1e12f;
        KMeans fitted = new KMeans(65).Fit(rows);
        Assert.Equal(0, fitted.Inertia);
        Assert.Equal(0, fitted.Report.ReseededCenters);
    }

    [Fact]
    public void More_values_than_an_array_holds_are_refused_for_the_centres()
    {
        using var source = new WideSource();
        string message = Assert.Throws<ArgumentException>(() => new KMeans(70_000).Fit(source)).Message;
        Assert.Contains("70000 clusters of 62000 columns", message, StringComparison.Ordinal);
    }

    [Theory, InlineData(8192), InlineData(16384)]
    public void Long_rows_of_equal_magnitudes_get_the_labels_of_float64(int dimension)
    {
        // Sign vectors: the errors of a long sum all point one way.
        var random = new Random(dimension);
        float[] rows = Signs(60), centers = Signs(5);
        KMeansOptions options = TestEstimators.From(TestSet.ToArray(centers, dimension)) with { MaxIterations = 6, Tolerance = 0 };
        KMeans fitted = new KMeans(options).Fit(TestSet.ToArray(rows, dimension));
        Assert.Equal(Oracle.Nearest(rows, TestEstimators.Flat(fitted.ClusterCenters), dimension).Labels, fitted.Labels);

        float[] Signs(int count) => TestData.Values(count * dimension, _ => random.Next(2) == 0 ? -1 : 1);
    }

    private static float[,] Directions(int count, Func<int, double> angle)
    {
        float[,] rows = new float[count, 2];
        for (int i = 0; i < count; i++)
        {
            (rows[i, 0], rows[i, 1]) = ((float)Math.Cos(angle(i)), (float)Math.Sin(angle(i)));
        }

        return rows;
    }

    private sealed class WideSource() : VectorSource(100_000, 62_000)
    {
        public override void Read(long start, Span<float> destination) => throw new InvalidOperationException("not to be read");
    }
}
