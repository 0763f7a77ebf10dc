namespace GpuKMeans.Tests.Estimators;

/// <summary>PartialFit: one step a call, over a stream that never ends.</summary>
public sealed class PartialFitTests
{
    private static readonly TestSet _set = TestData.Make("blobs", 1000, 6, 7, seed: 91);

    [Fact]
    public void A_stream_follows_the_running_mean()
    {
        using var estimator = new MiniBatchKMeans(From(_set.Centers));
        var oracle = new OracleCenters(_set.Centers, new double[7], 6);
        foreach (Range part in (Range[])[0..100, 100..101, 101..500, 500..503, 503..1000])
        {
            (float[] rows, float[] weights) = Part(part);
            estimator.PartialFit(TestSet.ToArray(rows, 6), weights);
            oracle.Step(rows, weights);
            Near.Equal(oracle.Values, TestEstimators.Flat(estimator.ClusterCenters), 1e-6, $"centres after {part}");
            Assert.Equal(oracle.Counts, estimator.ClusterCounts);
        }

        Assert.Equal((5, 1000), (estimator.Report.Steps, estimator.Report.RowsSeen));
    }

    [Fact]
    public void It_goes_on_from_where_fit_ended()
    {
        using var estimator = new MiniBatchKMeans(TestEstimators.Options(7) with { ReassignmentRatio = 0 });
        estimator.Fit(_set.Array);
        var oracle = new OracleCenters(TestEstimators.Flat(estimator.ClusterCenters), estimator.ClusterCounts, 6);
        (float[] rows, _) = Part(200..300);
        estimator.PartialFit(TestSet.ToArray(rows, 6));
        oracle.Step(rows);
        Near.Equal(oracle.Values, TestEstimators.Flat(estimator.ClusterCenters), 1e-6, "centres");
        Assert.Equal(oracle.Counts, estimator.ClusterCounts);
    }

    [Fact]
    public void Reading_the_model_in_between_changes_nothing()
    {
        using var watched = new MiniBatchKMeans(TestEstimators.Options(7));
        using var twin = new MiniBatchKMeans(TestEstimators.Options(7));
        foreach (Range part in (Range[])[0..300, 300..600, 600..1000])
        {
            watched.PartialFit(TestSet.ToArray(Part(part).Rows, 6));
            twin.PartialFit(TestSet.ToArray(Part(part).Rows, 6));
            Assert.Equal(7, watched.Model.ClusterCount);
        }

        Near.SameBits(twin.ClusterCenters, watched.ClusterCenters);
    }

    [Fact]
    public void A_model_taken_does_not_move_with_the_estimator()
    {
        using var estimator = new MiniBatchKMeans(TestEstimators.Options(7));
        KMeansModel model = estimator.PartialFit(TestSet.ToArray(Part(..500).Rows, 6)).Model;
        float[,] before = model.ClusterCenters;
        estimator.PartialFit(TestSet.ToArray(Part(500..).Rows, 6));
        Near.SameBits(before, model.ClusterCenters);
        Assert.NotEqual(before.Cast<float>(), estimator.ClusterCenters.Cast<float>());
    }

    [Fact]
    public void There_are_no_labels_after_it_and_the_message_says_what_to_do()
    {
        using var estimator = new MiniBatchKMeans(TestEstimators.Options(7));
        estimator.Fit(_set.Array).PartialFit(_set.Array);
        Assert.Contains("call Predict", Assert.Throws<InvalidOperationException>(() => estimator.Labels).Message);
        Assert.Equal(1000, estimator.Predict(_set.Array).Length);
        Assert.Equal(1000, estimator.Fit(_set.Array).Labels.Length);
    }

    [Fact]
    public void A_batch_that_is_refused_changes_nothing()
    {
        using var estimator = new MiniBatchKMeans(TestEstimators.Options(7));
        using var twin = new MiniBatchKMeans(TestEstimators.Options(7));
        Refuse();
        Assert.False(estimator.IsFitted);
        estimator.PartialFit(TestSet.ToArray(Part(..400).Rows, 6));
        twin.PartialFit(TestSet.ToArray(Part(..400).Rows, 6));
        Refuse();
        Assert.Contains("5 columns", Assert.Throws<ArgumentException>(() => estimator.PartialFit(new float[20, 5])).Message);
        estimator.PartialFit(TestSet.ToArray(Part(400..).Rows, 6));
        twin.PartialFit(TestSet.ToArray(Part(400..).Rows, 6));
        Near.SameBits(twin.ClusterCenters, estimator.ClusterCenters);
        Near.SameBits(twin.ClusterCounts, estimator.ClusterCounts);

        void Refuse()
        {
            float[,] bad = (float[,])_set.Array.Clone();
            bad[30, 2] = float.NaN;
            Assert.Contains("Row 30, column 2", Assert.Throws<ArgumentException>(() => estimator.PartialFit(bad)).Message);
            Assert.Throws<ArgumentException>(() => estimator.PartialFit(_set.Array, new float[3]));
            Assert.Throws<ArgumentException>(() => estimator.PartialFit(_set.Array, TestData.Values(1000, i => -i)));
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_batch_that_cannot_be_read_to_its_end_changes_nothing(bool first)
    {
        // 600 columns: a batch of 5,000 rows is several blocks, of which the last fails after the check has passed.
        float[] rows = TestData.Blobs(new Random(1), 5000, 600, 3, distance: 10, spread: 1);
        KMeansOptions options = From(rows[..1800], 3);
        using var estimator = new MiniBatchKMeans(options);
        using var twin = new MiniBatchKMeans(options);
        if (!first)
        {
            estimator.PartialFit(VectorSource.FromMemory(rows, 600));
            twin.PartialFit(VectorSource.FromMemory(rows, 600));
        }

        using var failing = new FailingSource([.. rows.Select(value => value + 1)], 600);
        Assert.Throws<IOException>(() => estimator.PartialFit(failing));
        Assert.Equal(!first, estimator.IsFitted);
        estimator.PartialFit(VectorSource.FromMemory(rows, 600));
        twin.PartialFit(VectorSource.FromMemory(rows, 600));
        Near.SameBits(twin.ClusterCounts, estimator.ClusterCounts);
        Near.SameBits(twin.ClusterCenters, estimator.ClusterCenters);
    }

    [Fact]
    public void Too_few_rows_are_refused_at_first_and_welcome_later()
    {
        using var estimator = new MiniBatchKMeans(TestEstimators.Options(7));
        ArgumentException error = Assert.Throws<ArgumentException>(() => estimator.PartialFit(new float[6, 6]));
        Assert.Contains("6 rows and ClusterCount is 7", error.Message);
        estimator.PartialFit(_set.Array).PartialFit(TestSet.ToArray(Part(..1).Rows, 6)).PartialFit(new float[0, 6]);
        Assert.Equal((2, 1001), (estimator.Report.Steps, estimator.Report.RowsSeen));
    }

    [Fact]
    public void The_model_stays_usable_after_dispose()
    {
        var estimator = new MiniBatchKMeans(TestEstimators.Options(7));
        float[,] centers = estimator.PartialFit(_set.Array).ClusterCenters;
        estimator.Dispose();
        estimator.Dispose();
        Near.SameBits(centers, estimator.ClusterCenters);
        Assert.Equal(Enumerable.Range(0, 7), estimator.Predict(centers));
    }

    private static KMeansOptions From(float[] centers, int clusters = 7) =>
        TestEstimators.From(TestSet.ToArray(centers, centers.Length / clusters)) with
        {
            ReassignmentRatio = 0, InitializationSampleSize = KMeansOptions.AllRows,
        };

    private static (float[] Rows, float[] Weights) Part(Range rows)
    {
        (int start, int count) = rows.GetOffsetAndLength(1000);
        return (_set.Rows[(start * 6)..((start + count) * 6)], _set.Weights[start..(start + count)]);
    }

    /// <summary>Can be read once; then the rows in the upper half no more.</summary>
    private sealed class FailingSource(float[] rows, int dimension) : VectorSource(rows.Length / dimension, dimension)
    {
        private long _read;

        public override void Read(long start, Span<float> destination)
        {
            if (Interlocked.Add(ref _read, destination.Length / Dimension) > Count + 1 && start > Count / 2)
            {
                throw new IOException("the disk is gone");
            }

            rows.AsSpan((int)(start * Dimension), destination.Length).CopyTo(destination);
        }
    }
}
